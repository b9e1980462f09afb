package nethttp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/nethttp"
)

// The other half of TestABlockedHandlerDelaysNobody: on the loop, one handler that blocks delays
// everybody, and the watchdog says so afterwards.
func TestAnInlineHandlerThatBlocksStopsEverybody(t *testing.T) {
	const others = 10
	const bound = 5 * time.Millisecond
	started, gate := make(chan bool, 1), make(chan bool)
	slow := make(chan string, 1+others)
	meanwhile := 0 // the loop's
	s := startOurs(t, coro.Options{Slow: bound, OnSlow: func(name string, _ time.Duration) { slow <- name }},
		func(s *coro.Scheduler) http1.Handler {
			return nethttp.Inline(s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/blocked" {
					started <- true
					<-gate
				} else {
					meanwhile++
				}
				fmt.Fprint(w, meanwhile)
			}))
		})
	first := s.dial(t, "GET /blocked HTTP/1.0\r\n\r\n")
	arrive(t, "the handler", started)
	var waiting []net.Conn
	for range others {
		waiting = append(waiting, s.dial(t, "GET /other HTTP/1.0\r\n\r\n"))
	}
	for _, c := range waiting {
		c.SetReadDeadline(time.Now().Add(bound))
		if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("one is answered meanwhile: %d bytes, %v", n, err)
		}
		c.SetReadDeadline(time.Now().Add(patience))
	}
	close(gate)
	if all, _ := io.ReadAll(first); !strings.HasSuffix(string(all), "\r\n\r\n0") {
		t.Errorf("others were served while it blocked: %q", all)
	}
	for _, c := range waiting {
		if all, err := io.ReadAll(c); !strings.HasPrefix(string(all), "HTTP/1.1 200 ") {
			t.Errorf("and afterwards: %q, %v", all, err)
		}
	}
	if name := arrive(t, "the watchdog", slow); name != "connection" {
		t.Errorf("the watchdog names %q", name)
	}
}

func TestAnInlineAnswerHasABound(t *testing.T) {
	s := start(t, nethttp.Inline, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, flushes := w.(http.Flusher); flushes {
			t.Error("it offers to flush, and cannot")
		}
		most := 1 << 20
		if r.URL.Path == "/more" {
			most++
		}
		for n := 0; n < most; {
			written, err := w.Write(make([]byte, min(4096, most-n)))
			if n += written; err != nil {
				fmt.Fprint(w, "never mind")
				return
			}
		}
	}))
	if answer, body := get(t, s.url); answer.StatusCode != 200 || len(body) != 1<<20 {
		t.Errorf("the most: %s, %d bytes", answer.Status, len(body))
	}
	if answer, _ := get(t, s.url+"/more"); answer.StatusCode != 500 || !strings.Contains(s.log.String(), "Offload") {
		t.Errorf("one byte more: %s; the log says %s", answer.Status, s.log.String())
	}
}

// A panic ends one request and no other. One that comes when a part of the answer is on its way can only
// break it off.
func TestAPanicEndsOneRequest(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/begun") {
			io.WriteString(w, "begun")
			http.NewResponseController(w).Flush()
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/panic"):
			panicHere()
		case strings.HasPrefix(r.URL.Path, "/abort"):
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "well")
	})
	bothWays(t, func(t *testing.T, way adapter) {
		s := start(t, way, handler)
		other := bufio.NewReader(s.dial(t, strings.Repeat("GET /well HTTP/1.1\r\nHost: h\r\n\r\n", 2)))
		readUntil(t, other, "well")
		for _, path := range []string{"/abort", "/abort/begun", "/panic", "/panic/begun"} {
			all, err := io.ReadAll(s.dial(t, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n"))
			switch answer := string(all); {
			case err != nil:
				t.Errorf("%s: %v", path, err)
			case strings.HasPrefix(answer, "HTTP/1.1 200 "): // by Offload, which can flush
				if !strings.HasSuffix(path, "/begun") || strings.HasSuffix(answer, "\r\n0\r\n\r\n") {
					t.Errorf("%s: the answer has an end: %q", path, answer)
				}
			case !strings.HasPrefix(answer, "HTTP/1.1 500 ") || !strings.Contains(answer, "\r\nConnection: close\r\n"):
				t.Errorf("%s: %q", path, answer)
			}
			log := s.log.String()
			if strings.HasPrefix(path, "/abort") && log != "" || strings.HasPrefix(path, "/panic") && !strings.Contains(log, "panicHere") {
				t.Errorf("%s: the log says %q", path, log)
			}
		}
		readUntil(t, other, "well")
	})
}

func panicHere() { panic("on purpose") }

// package url is stricter than our parser, and a handler needs a URL.
func TestATargetThatIsNoURLIsRefused(t *testing.T) {
	bothWays(t, func(t *testing.T, way adapter) {
		s := start(t, way, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it reached the handler") }))
		all, err := io.ReadAll(s.dial(t, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"))
		if !strings.HasPrefix(string(all), "HTTP/1.1 400 ") || err != nil {
			t.Errorf("%q, %v", all, err)
		}
	})
}
