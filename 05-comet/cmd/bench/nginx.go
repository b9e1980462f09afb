package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"example.com/c10k/01-blocking/sock"
)

// nginxConfiguration makes nginx what the others are: one worker, no log, connections that are kept for any
// number of requests. It has a directory for files of which none is ever written.
const nginxConfiguration = `
{modules} daemon off; worker_processes 1; worker_rlimit_nofile {descriptors}; error_log stderr; pid {directory}/pid;
events { worker_connections {connections}; }
http {
	access_log off; default_type text/plain; keepalive_requests 1000000000;
	client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
	uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
{http}
	server { listen {addr} backlog={backlog} {deferred};
{locations}
	}
}
`

// A site is what is served, in nginx's words.
type site struct{ modules, http, locations string }

var helloSite = site{locations: `		location / { return 200 "Hello, World!"; }`}

func (c *control) nginx() error { return c.runNginx(helloSite) }

// runNginx runs nginx with a site. It takes inherited listeners from a variable, as it does in its own upgrade
// ("Upgrading Executable on the Fly", nginx.org/en/docs/control.html); the configuration must name the same address.
func (c *control) runNginx(s site) error {
	directory, err := os.MkdirTemp("", "c10k-nginx-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	deferred := ""
	if c.deferAccept {
		deferred = "deferred"
	}
	most := sock.DescriptorLimit()
	file := filepath.Join(directory, "nginx.conf")
	return c.run("nginx", []string{fmt.Sprintf("NGINX=%d;", inherited)}, func(at string) ([]string, error) {
		text := strings.NewReplacer("{modules}", s.modules, "{http}", s.http, "{locations}", s.locations).Replace(nginxConfiguration)
		text = strings.NewReplacer("{directory}", directory, "{addr}", at, "{deferred}", deferred,
			"{descriptors}", fmt.Sprint(most), "{connections}", fmt.Sprint(most*3/4), "{backlog}", fmt.Sprint(peerBacklog)).Replace(text)
		return []string{"-p", directory, "-c", file}, os.WriteFile(file, []byte(text), 0o644)
	})
}

// nchan is a module of nginx that lets clients wait (nchan.io). Debian has it as a file that nginx loads.
const nchanModule = "nchan"

// findNchan returns the module's file, or "" if it is not there.
func findNchan() string {
	for _, directory := range []string{"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/libexec/nginx"} {
		file := filepath.Join(directory, "ngx_nchan_module.so")
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// nchanSite is comet as far as nchan has it: waiting. Whoever waits gets the next message, as it is; neither is it
// a number of waiters, nor does GET publish, so what counts and notifies is a server of ours behind it, which is
// asked a few dozen times in a run.
const (
	nchanHTTP = `	nchan_shared_memory_size 256M;
	upstream clerk { server {clerk}; keepalive 2; }`

	nchanLocations = `		location = /wait {
			nchan_subscriber longpoll; nchan_channel_id all;
			nchan_subscriber_first_message newest; nchan_subscriber_timeout 0;
		}
		location = /publish {
			nchan_publisher http; nchan_channel_id all; nchan_message_buffer_length 1; nchan_message_timeout 5s;
		}
		location = /status { nchan_stub_status; }
		location / { proxy_pass http://clerk; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host {addr}; }`
)

func (c *control) nchan() error {
	module := findNchan()
	if module == "" {
		return fmt.Errorf("nchan is not installed: install the package %s", packageOf(nchanModule))
	}
	behind, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen for what nginx asks: %w", err)
	}
	defer behind.Close()
	go http.Serve(behind, http.HandlerFunc(clerk))
	return c.runNginx(site{modules: "load_module " + module + ";",
		http: strings.ReplaceAll(nchanHTTP, "{clerk}", behind.Addr().String()), locations: nchanLocations})
}

// subscribers is what nchan's status calls those who wait.
var subscribers = regexp.MustCompile(`(?m)^subscribers: (\d+)`)

// clerk counts who waits at nchan, and for /notify publishes their number. It asks nginx, at the address that nginx
// was asked at: proxy_set_header Host says which.
func clerk(w http.ResponseWriter, r *http.Request) {
	text, err := fetch(http.Get("http://" + r.Host + "/status"))
	var n string
	if found := subscribers.FindStringSubmatch(text); found != nil {
		n = found[1]
	} else if err == nil {
		err = fmt.Errorf("nchan's status has no subscribers: %q", text)
	}
	if err == nil && r.URL.Path == "/notify" {
		_, err = fetch(http.Post("http://"+r.Host+"/publish", "text/plain", strings.NewReader(n)))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	io.WriteString(w, n)
}

// fetch reads an answer, whole.
func fetch(response *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}
