package conform

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Go's own server is the control: many people's work has made it right, so what it fails might be the
// suite's fault and not the server's.
func TestNetHTTP(t *testing.T) {
	stage, err := StageNamed("net/http")
	if err != nil {
		t.Fatal(err)
	}
	handlers := map[string]http.Handler{
		"hello": http.HandlerFunc(controlHello),
		"echo":  http.HandlerFunc(controlEcho),
		"comet": new(controlComet),
	}
	for _, round := range stage.Rounds() {
		t.Run(round.name(), func(t *testing.T) {
			server := httptest.NewServer(handlers[round.App])
			defer server.Close()
			Test(t, Target{URL: server.URL, App: round.App, Groups: round.Groups, OnlyApp: round.OnlyApp})
		})
	}
}

func controlHello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}

func controlEcho(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains([]string{"GET", "PUT", "POST", "DELETE"}, r.Method) {
		w.Header().Set("Allow", "GET, PUT, POST, DELETE")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // a body that was cut short gets no answer
	}
	fmt.Fprintf(w, "You requested %s via method %s", r.RequestURI, r.Method)
	if n > 0 {
		fmt.Fprintf(w, " with %d bytes", n)
	}
}

// controlComet is the comet application with a lock and a channel for each waiter.
type controlComet struct {
	mutex   sync.Mutex
	waiters []chan int
}

func (c *controlComet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowed := map[string][]string{"/wait": {"GET"}, "/notify": {"GET", "POST"}}[r.URL.Path]
	if allowed == nil {
		allowed = []string{"GET", "HEAD"}
	}
	if !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	c.mutex.Lock()
	n := len(c.waiters)
	switch r.URL.Path {
	case "/wait":
		woken := make(chan int, 1)
		c.waiters = append(c.waiters, woken)
		c.mutex.Unlock()
		n = <-woken
		c.mutex.Lock()
	case "/notify":
		for _, woken := range c.waiters {
			woken <- n
		}
		c.waiters = nil
	}
	c.mutex.Unlock()
	fmt.Fprint(w, n)
}
