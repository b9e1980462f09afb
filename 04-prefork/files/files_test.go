package files_test

import (
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/04-prefork/files"
)

func TestNames(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	for _, c := range []struct {
		path   string
		status int
		has    string // in the body; of a redirect, Location
	}{
		{"/letter.txt", 200, "dear reader"},
		{"/letter.txt?version=2", 200, "dear reader"},
		{"http://h/letter.txt", 200, "dear reader"},
		{"/l%65tter.txt", 200, "dear reader"},
		{"/gr%C3%B6%c3%9fe/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt", 200, "UTF-8"},
		{"/größe/日本語.txt", 400, "percent-encoded"}, // RFC 3986 allows ASCII only; browsers and curl encode
		{"/a%20b&c/%3Ci%3E'%22%2541%3F%23.txt", 200, "marks"},
		{"/back%5Cslash.txt", 200, "a letter"},
		{`/back\slash.txt`, 200, "a letter"},
		{"/.well-known/security.txt", 200, "contact"},
		{"/with-index/", 200, "the index"},
		{"/with-index", 301, "/with-index/"},
		{"/a%20b%26c?x=1", 301, "/a%20b&c/?x=1"},
		{"/gr%C3%B6%C3%9Fe", 301, "/gr%C3%B6%C3%9Fe/"},
		{"/no-index/", 200, "index.html/"},
		{"/letter.txt/", 404, ""},
		{"/nothing", 404, ""},
		{"/letter.txt/below", 404, ""},
		{"/" + strings.Repeat("x", 300), 404, ""}, // longer than a name may be
	} {
		a, body := get(t, address, c.path, "")
		if a.StatusCode == 301 {
			body = a.Header.Get("Location")
			if body != c.has {
				t.Errorf("%s: to %q, not %q", c.path, body, c.has)
			}
		}
		if a.StatusCode != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s: %d %q, want %d %q", c.path, a.StatusCode, body, c.status, c.has)
		}
	}
}

// A list names what can be fetched, in an order, and marks in names stay names.
func TestList(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	a, body := get(t, address, "/", "")
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
	var names []string
	for line := range strings.Lines(body) {
		if _, rest, found := strings.Cut(line, "<a href=\""); found {
			link, rest, _ := strings.Cut(html.UnescapeString(rest), "\">")
			name, _, _ := strings.Cut(rest, "</a>")
			names = append(names, name)
			if a, _ := get(t, address, "/"+strings.TrimPrefix(link, "./"), ""); a.StatusCode != 200 {
				t.Errorf("the link %q of %q: %d", link, name, a.StatusCode)
			}
			if !strings.HasPrefix(link, "./") {
				t.Errorf("the link %q could be of another kind", link)
			}
		}
	}
	want := "[.well-known/ a b&c/ back\\slash.txt big.bin empty.txt größe/ inside javascript:alert(1) letter.txt no-extension no-index/ page.html sub/ with-index/]"
	if got := fmt.Sprint(names); got != want {
		t.Errorf("listed: %s\n  want: %s", got, want)
	}
	if _, body := get(t, address, "/a%20b&c/", ""); !strings.Contains(body, "&lt;i&gt;") || strings.Contains(body, "<i>") ||
		!strings.Contains(body, `href="./%3Ci%3E%27%22%2541%3F%23.txt"`) && !strings.Contains(body, `href="./%3Ci%3E&#39;%22%2541%3F%23.txt"`) {
		t.Errorf("marks in a name: %s", body)
	}
	if _, body := get(t, address, "/sub/", ""); !strings.Contains(body, `<a href="../">`) || strings.Contains(body, "out-deeper") {
		t.Errorf("a directory below: %s", body)
	}
}

func TestMethods(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"} {
		a, _ := send(t, address, method+" /letter.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
		if a.StatusCode != 405 || a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	for _, path := range []string{"/letter.txt", "/big.bin", "/", "/nothing"} {
		g, body := get(t, address, path, "")
		h, _ := send(t, address, "HEAD "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if g.StatusCode != h.StatusCode || h.ContentLength != int64(len(body)) || h.Header.Get("Content-Type") != g.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %d, %d bytes of %s", path, h.StatusCode, h.ContentLength, h.Header.Get("Content-Type"))
		}
	}
}

// A file that this process may not read, if there is such a thing for it.
func TestForbidden(t *testing.T) {
	root := tree(t)
	name := filepath.Join(root, "letter.txt")
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	want := 403
	if file, err := os.Open(name); err == nil { // the superuser may read everything
		file.Close()
		want = 200
	}
	if a, _ := get(t, started(t, root, files.Options{}), "/letter.txt", ""); a.StatusCode != want {
		t.Errorf("status %d, want %d", a.StatusCode, want)
	}
}

// When Off gives up, as at the end of a server, the client is told so.
func TestTheEndOfTheServer(t *testing.T) {
	h, err := files.New(tree(t), files.Options{Off: func(func()) error { return errors.New("the server stops") }})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if r := h.Handle(&http1.Request{Method: []byte("GET"), Target: []byte("/")}); r.Status != 503 || !r.Close {
		t.Errorf("status %d, close %v", r.Status, r.Close)
	}
}

func TestNoDirectory(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "nothing"), filepath.Join(tree(t), "letter.txt")} {
		if _, err := files.New(name, files.Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
