package nethttp

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
)

// Bounds of what all requests to one Offload may hold together. Beyond them the answer is 503.
const (
	// handlersMost is the number of goroutines: as many as a process has clients, 20,000, and some whose
	// client has left and who have not noticed yet.
	handlersMost = 1 << 15

	// bodiesMost is how many bytes of requests' bodies are copied for them: as many as the parsers may hold.
	bodiesMost = 64 << 20
)

// An offloader runs one http.Handler off the loop. Its numbers are the loop's alone.
type offloader struct {
	scheduler *coro.Scheduler
	handler   http.Handler
	serving   context.Context
	running   int // handlers that have not returned
	bodies    int // bytes of their requests' bodies
}

// Offload makes an http1.Handler of h, which gets an ordinary goroutine for each request, and may wait
// there for anything. The coroutine of the connection waits meanwhile for what h writes.
//
// Because it waits, it notices when the client leaves: the request's context is then cancelled, and Write
// fails. The same happens when the scheduler stops. A handler that looks at neither goes on, and counts
// as running until it returns. A half-close counts as leaving, see coro.Conn.Handle.
//
// What h writes is handed over when it fills a buffer, at a Flush, and at the end. The buffer has 32 KiB;
// when it is full and the client takes nothing, Write blocks h. After HEAD nobody takes anything: what
// does not fit into the buffer is refused, and the context cancelled.
func Offload(s *coro.Scheduler, h http.Handler) http1.Handler {
	return (&offloader{scheduler: s, handler: h, serving: serving(h)}).serve
}

// serve is the coroutine's side of one request.
func (o *offloader) serve(r *http1.Request) *http1.Response {
	if o.running >= handlersMost || o.bodies+len(r.Body) > bodiesMost {
		return &busy
	}
	ctx, cancel := context.WithCancel(o.serving)
	request, err := newRequest(ctx, o.scheduler, r)
	if err != nil {
		cancel()
		return malformed(err)
	}
	w := newHandOver(o.scheduler, cancel)
	o.start(w, request)

	first, ended, err := w.take()
	switch {
	case err == http.ErrAbortHandler:
		return &aborted
	case err != nil:
		return &canceled
	}
	response := w.response(first, ended)
	if !ended {
		response.Body = nil
		response.Stream = func(s http1.Sender) error { return w.passOn(s, first) }
	}
	return response
}

// start runs the handler on a goroutine of its own. What it leaves behind is put right on the loop.
func (o *offloader) start(w *handOver, r *http.Request) {
	size := int(r.ContentLength)
	o.running++
	o.bodies += size
	release := o.scheduler.Hold()
	go func() {
		returned := false
		defer func() {
			p := recover()
			if p == nil && !returned {
				p = "it called runtime.Goexit"
			}
			w.end(p, debug.Stack())
			o.scheduler.Post(func() {
				o.running--
				o.bodies -= size
				w.waiter.Wake()
			})
			release()
		}()
		o.handler.ServeHTTP(w, r)
		returned = true
	}()
}

// passOn sends what the handler has written and still writes, until it ends.
func (w *handOver) passOn(to http1.Sender, piece []byte) error {
	for ended := false; ; {
		if err := to.Send(piece); err != nil {
			w.abandon()
			return err
		}
		if ended {
			return nil
		}
		var err error
		if piece, ended, err = w.take(); err != nil {
			return err
		}
	}
}

// busy is the answer when too much is held already.
var busy = http1.Response{
	Status: 503,
	Type:   "text/plain",
	Header: []http1.Pair{{Name: "Retry-After", Value: "1"}},
	Body:   []byte("too many handlers are at work\n"),
}

// canceled is what is left to say when the wait for a handler was cancelled, if anybody is there to read it.
var canceled = http1.Response{
	Status: 503,
	Type:   "text/plain",
	Header: []http1.Pair{{Name: "Retry-After", Value: "1"}},
	Body:   []byte("the wait for the handler was canceled\n"),
	Close:  true,
}

// A handlersPanic is a panic of an offloaded handler, with the stack of the goroutine where it happened. It
// is raised again on the coroutine, where serve catches it as any handler's.
type handlersPanic struct {
	value any
	stack []byte
}

func (p handlersPanic) Error() string {
	return fmt.Sprintf("%v, on a goroutine of its own:\n%s", p.value, p.stack)
}
