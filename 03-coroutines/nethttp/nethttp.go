// Package nethttp runs the handlers of net/http on the scheduler: thousands of programs know no other kind.
//
// It is an adapter between two http handlers, ours and Go's. The connection stays ours: package serve reads
// it on a coroutine, with our parser, limits and time-outs. What changes is who answers. [Inline] calls the
// http.Handler on the loop, so it must not wait; [Offload] gives each request a goroutine of its own, where
// it may do as it likes, and parks the coroutine until there is something to send.
//
// What a handler may rely on: the request with its body, whole; RemoteAddr; a context that ends with the
// client and with the server; an implicit 200, Content-Length when the answer is short, Content-Type by
// http.DetectContentType; with Offload http.Flusher, and a Write that waits for a slow client.
//
// What this package does not do: no Hijack and so no upgrades, no HTTP/2, no trailers, no 1xx but the
// 100 Continue that serve sends, no deadlines through http.ResponseController, no server's Date but our
// own. A Handler that panics gets its client a 500 where net/http would cut the connection.
package nethttp

import (
	"context"
	"errors"
	"net/http"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
)

// inlineMost is how long an Inline handler's answer may be. It is held whole, because to send a part of it
// might have to wait for the client; 1 MiB is also what a request's body may have.
const inlineMost = 1 << 20

// errInlineMost is what Write returns when that is not enough.
var errInlineMost = errors.New("nethttp: the answer of an Inline handler is longer than 1 MiB: use Offload, which streams")

// Inline makes an http1.Handler of h, which is called on the coroutine of its connection: between two
// turns of the loop, with no goroutine and no hand-over, and for handlers that never wait.
//
// If h waits all the same, on a Go channel, a mutex, a file, a connection of package net, the thread waits,
// and with it every client of the scheduler. Nothing can end that from outside; afterwards the watchdog
// names the coroutine (coro.Options.Slow). The answer is sent when h has returned, so its writer is no
// http.Flusher, and 1 MiB is the most that it takes. The request's context never ends: while h runs,
// nobody could notice that the client leaves.
func Inline(s *coro.Scheduler, h http.Handler) http1.Handler {
	ctx := serving(h)
	return func(r *http1.Request) *http1.Response {
		request, err := newRequest(ctx, s, r)
		if err != nil {
			return malformed(err)
		}
		w := &inlineWriter{answer: newAnswer()}
		if w.run(h, request) == http.ErrAbortHandler {
			return &aborted
		}
		return w.response(w.body, true)
	}
}

// serving is the context of all requests to h. net/http keeps its server there, and httputil.ReverseProxy
// looks for one: only inside a server does it abort an answer whose origin broke off (golang/go#23643).
func serving(h http.Handler) context.Context {
	return context.WithValue(context.Background(), http.ServerContextKey, &http.Server{Handler: h})
}

// An inlineWriter is the http.ResponseWriter of a handler that runs on the loop.
type inlineWriter struct {
	answer
	body []byte
	full bool // more was written, and refused
}

func (w *inlineWriter) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	if w.full || len(w.body)+len(p) > inlineMost {
		w.full = true
		return 0, errInlineMost
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

// run calls the handler. A panic with http.ErrAbortHandler is its way to say that no answer is better than
// this one, and nothing to log; all other panics are serve's.
func (w *inlineWriter) run(h http.Handler, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			err = http.ErrAbortHandler
		} else if p != nil {
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	if w.full {
		panic(errInlineMost)
	}
	return nil
}

// aborted is the answer to a request whose handler aborted it before any part of its own was sent.
var aborted = http1.Response{Status: 500, Close: true}
