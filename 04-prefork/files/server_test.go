package files_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/04-prefork/files"
)

// tree makes a directory to be served, and beside it what must not be: both below the returned directory.
func tree(t *testing.T) (root string) {
	t.Helper()
	top := t.TempDir()
	root = filepath.Join(top, "public")
	for name, content := range map[string]string{
		"letter.txt":                  "dear reader",
		"page.html":                   "<!DOCTYPE html><p>a page",
		"empty.txt":                   "",
		"no-extension":                "\x00\x01\x02",
		"größe/日本語.txt":               "UTF-8",
		"a b&c/<i>'\"%41?#.txt":       "marks",
		`back\slash.txt`:              "a backslash is a letter",
		"javascript:alert(1)":         "not a script",
		"with-index/index.html":       "the index",
		"sub/deeper/leaf.txt":         "leaf",
		".hidden":                     secret,
		".git/config":                 secret,
		".well-known/security.txt":    "contact",
		"no-index/index.html/odd.txt": "the index is a directory",
		"big.bin":                     big,
		"../outside.txt":              secret,
		"../public-too/secret.txt":    secret, // its name begins like the root's
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"inside":         "letter.txt",
		"out-relative":   "../outside.txt",
		"out-absolute":   filepath.Join(top, "outside.txt"),
		"out-directory":  "..",
		"sub/out-deeper": "../../outside.txt",
		"out-and-in":     "../public/letter.txt", // what it leads to is inside, its way is not
		"dangling":       "nothing",
		"loop":           "loop",
		"passwd":         "/etc/passwd",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const secret = "SECRET: nobody was meant to read this"

// big is more than one write-time-out's piece and does not end with one.
var big = strings.Repeat("0123456789abcdef", 1<<17) + "the end"

// started serves a directory with threads, and returns the address.
func started(t *testing.T, root string, o files.Options) string {
	t.Helper()
	h, err := files.New(root, o)
	if err != nil {
		t.Fatal(err)
	}
	l, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &blocking.Server{Listener: l, Model: &blocking.Threads{Unlocked: true}, Most: 1000,
		Options: serve.Options{Handler: h.Handle, Now: time.Now}}
	go s.Serve() // for as long as this process lives, as the handler then: a blocked accept has no end
	return at.String()
}

// send sends a request as it is, on a connection of its own, and returns the answer with its body.
func send(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, request)
	method, _, _ := strings.Cut(request, " ")
	a, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return a, string(body)
}

// get sends GET with further fields, each ended by a line end.
func get(t *testing.T, address, path, fields string) (*http.Response, string) {
	t.Helper()
	return send(t, address, "GET "+path+" HTTP/1.1\r\nHost: h\r\n"+fields+"\r\n")
}

// streamed runs a handler and then, after between, its stream, and returns how many bytes that sent.
func streamed(h *files.Handler, path string, between func()) (int, error) {
	r := h.Handle(&http1.Request{Method: []byte("GET"), Target: []byte(path)})
	between()
	var sent counted
	err := r.Stream(&sent)
	return int(sent), err
}

type counted int

func (c *counted) Send(b []byte) error { *c += counted(len(b)); return nil }

func (c *counted) SendFile(_ io.ReaderAt, _, n int64) error { *c += counted(n); return nil }
