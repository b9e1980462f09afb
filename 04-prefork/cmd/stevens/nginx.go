package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"example.com/c10k/01-blocking/conform"
)

// nginx is nginx with one worker and what its packages configure for files: sendfile, and tcp_nopush. Its
// access log is off, as ours is. At /hello it answers what -app hello does, without a file. conform.Start has to be told where it listens, so it is told in a line that a
// shell writes when the port answers.
func nginx(root string) (*exec.Cmd, error) {
	address, err := conform.FreeAddress()
	if err != nil {
		return nil, err
	}
	directory := filepath.Join(root, ".nginx") // hidden from our server by its name
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(directory, "nginx.conf")
	text := fmt.Sprintf(`worker_processes 1; daemon off; pid %[1]s/pid; error_log %[1]s/errors;
events { worker_connections 1024; }
http {
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; root %[3]s; location = /hello { default_type text/plain; return 200 "Hello, World!"; } }
}
`, directory, address, root)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return exec.Command("sh", "-c", `nginx -e "$1/errors" -p "$1" -c "$2" & server=$!; trap 'kill $server; wait $server; exit 0' TERM
until [ -s "$1/pid" ]; do :; done; echo "listening on http://$3" >&2; wait`, "sh", directory, file, address), nil
}
