package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/nethttp"
)

// muxName is what -app calls it.
const muxName = "nethttp"

// newMux is -app nethttp: the applications of this workspace once more, written for net/http by somebody
// who knows nothing of coroutines, and served by them. /wait, /notify and / are comet, /hello is hello, and
// every other path is echo.
//
// Only /wait waits, so only /wait is offloaded.
func newMux(s *coro.Scheduler) http1.Handler {
	comet := &comet{waiters: make(map[chan int]bool)}
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", hello)
	mux.HandleFunc("/notify", comet.notify)
	mux.HandleFunc("/{$}", comet.count)
	mux.HandleFunc("/", echo)
	prompt, waiting := nethttp.Inline(s, mux), nethttp.Offload(s, http.HandlerFunc(comet.wait))
	return func(r *http1.Request) *http1.Response {
		if string(r.Path()) == "/wait" {
			return waiting(r)
		}
		return prompt(r)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}

func echo(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, "GET", "PUT", "POST", "DELETE") {
		return
	}
	fmt.Fprintf(w, "You requested %s via method %s", r.RequestURI, r.Method)
	if r.ContentLength > 0 {
		fmt.Fprintf(w, " with %d bytes", r.ContentLength)
	}
}

// A comet is the application of 2009 with Go's own means: a mutex, because its handlers run on several
// goroutines, and a channel for each waiter. The mutex is held for a few instructions, so that those of
// them that run on the loop do not wait for it in earnest.
type comet struct {
	mutex   sync.Mutex
	waiters map[chan int]bool
}

func (c *comet) wait(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, "GET") {
		return
	}
	news := make(chan int, 1)
	c.mutex.Lock()
	c.waiters[news] = true
	c.mutex.Unlock()
	select {
	case n := <-news:
		fmt.Fprint(w, n)
	case <-r.Context().Done(): // the client left, or the server stops
		c.forget(news)
	}
}

func (c *comet) forget(news chan int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.waiters, news)
}

func (c *comet) notify(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, "GET", "POST") {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := len(c.waiters)
	for news := range c.waiters {
		news <- n // there is room for one, and it is told once
	}
	clear(c.waiters)
	fmt.Fprint(w, n)
}

func (c *comet) count(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, "GET", "HEAD") {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	fmt.Fprint(w, len(c.waiters))
}

// allowed answers 405 to every other method.
func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	http.Error(w, "allowed here: "+strings.Join(methods, ", "), http.StatusMethodNotAllowed)
	return false
}
