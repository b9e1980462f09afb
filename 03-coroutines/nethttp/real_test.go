package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/c10k/03-coroutines/nethttp"
)

// The three handlers of the standard library that lean hardest on what carries them.

func TestAFileServer(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<15) // 512 KiB: what Inline holds, and several hand-overs
	changed := time.Date(2009, 12, 8, 0, 0, 0, 0, time.UTC)
	files := fstest.MapFS{
		"page.html":  {Data: []byte("<p>a page</p>"), ModTime: changed},
		"large.bin":  {Data: []byte(large), ModTime: changed},
		"a/file.txt": {Data: []byte("deeper"), ModTime: changed},
	}
	bothWays(t, func(t *testing.T, way adapter) {
		s := start(t, way, http.FileServerFS(files))
		control := httptest.NewServer(http.FileServerFS(files))
		defer control.Close()
		for _, target := range []string{"/", "/page.html", "/large.bin", "/a/file.txt", "/a", "/none", "/../page.html"} {
			for name, field := range map[string]string{
				"whole":    "",
				"a part":   "Range: bytes=2-5\r\n",
				"parts":    "Range: bytes=0-1,3-4\r\n",
				"beyond":   "Range: bytes=9999999-\r\n",
				"changed?": "If-Modified-Since: " + changed.Format(http.TimeFormat) + "\r\n",
			} {
				for _, method := range []string{"GET", "HEAD"} {
					request := method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + field + "\r\n"
					want, got := ask(t, control.Listener.Addr().String(), request), ask(t, s.address, request)
					if name == "parts" { // between parts stands a random text
						want.Body, got.Body = "", ""
						want.Header.Del("Content-Type")
						got.Header.Del("Content-Type")
					}
					if fmt.Sprint(want) != fmt.Sprint(got) {
						t.Errorf("%s of %s, %s:\n-%.300v\n+%.300v", method, target, name, want, got)
					}
				}
			}
		}
	})
}

func TestAServeMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /topics/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("name"), r.Pattern)
	})
	bothWays(t, func(t *testing.T, way adapter) {
		s := start(t, way, mux)
		if _, body := get(t, s.url+"/topics/a%2Fb"); body != "a/bGET /topics/{name}" {
			t.Errorf("%q", body)
		}
		answer, err := http.Post(s.url+"/topics/x", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 405 || answer.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("a method that it has not: %s, Allow %q", answer.Status, answer.Header.Get("Allow"))
		}
	})
}

// A proxy is a handler that waits for another server, passes pieces on as they come, and must not make a
// whole answer of one that broke off.
func TestAReverseProxy(t *testing.T) {
	gate := make(chan bool)
	origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			io.WriteString(w, "first,")
			w.(http.Flusher).Flush()
			<-gate
			io.WriteString(w, "second")
		case "/broken":
			io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %q for %s", r.Method, r.URL, body, r.Header.Get("X-Forwarded-For"))
		}
	}))
	origin.Config.ErrorLog = log.New(io.Discard, "", 0)
	origin.Start()
	defer origin.Close()
	to, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval = -1 // at once
	proxy.ErrorLog = origin.Config.ErrorLog
	s := start(t, nethttp.Offload, proxy)

	const post = "POST /echo?q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
		"4\r\nbody\r\n0\r\n\r\n"
	if got := ask(t, s.address, post); got.Body != `POST /echo?q "body" for 127.0.0.1` {
		t.Errorf("through the proxy: %+v", got)
	}
	if got := ask(t, s.address, "GET /broken HTTP/1.1\r\nHost: h\r\n\r\n"); got.Whole || got.Body != "begun" {
		t.Errorf("an answer that broke off at its origin: %+v", got)
	}
	const upgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	if got := ask(t, s.address, upgrade); got.Status != 200 {
		t.Errorf("an upgrade that the origin does not want: %+v", got)
	}
	slow := bufio.NewReader(s.dial(t, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"))
	readUntil(t, slow, "first,")
	close(gate)
	readUntil(t, slow, "second\r\n0\r\n\r\n")
}
