package nethttp

import (
	"net/http"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// on runs main as a coroutine.
func on(t testing.TB, main func(*coro.Scheduler)) {
	t.Helper()
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	s := coro.New(kernel, coro.Options{})
	ended := make(chan error, 1)
	go func() { ended <- s.Run(func() { main(s) }) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
		kernel.End()
	case <-time.After(standstill):
		t.Fatalf("the scheduler has not ended within %v: does a handler that waits stand on its thread?", standstill)
	}
}

// standstill is when a scheduler is given up; only a fault takes as long.
const standstill = 10 * time.Second

func request(body string) *http1.Request {
	return &http1.Request{Method: []byte("POST"), Target: []byte("/"), Minor: 1, Body: []byte(body)}
}

// Where a bound is reached the answer is 503, and when handlers have returned there is room again.
func TestWhatOffloadHoldsHasBounds(t *testing.T) {
	on(t, func(s *coro.Scheduler) {
		gate := make(chan bool)
		o := &offloader{scheduler: s, serving: t.Context(), handler: http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { <-gate; w.WriteHeader(201) })}
		o.running, o.bodies = handlersMost-1, bodiesMost-10 // as if so much were at work already
		for _, body := range []string{"eleven bytes", "ten bytes."} {
			s.Go("client", func() {
				want := 201
				if len(body) > 10 {
					want = 503
				}
				if got := o.serve(request(body)).Status; got != want {
					t.Errorf("with a body of %d bytes: %d", len(body), got)
				}
			})
		}
		s.Yield()
		if o.running != handlersMost || o.bodies != bodiesMost {
			t.Errorf("%d handlers, %d bytes", o.running, o.bodies)
		}
		if got := o.serve(request("")).Status; got != 503 {
			t.Errorf("one handler more: %d", got)
		}
		close(gate)
		for o.running == handlersMost {
			s.Yield()
		}
		if o.bodies != bodiesMost-10 {
			t.Errorf("%d bytes are still counted", o.bodies-bodiesMost+10)
		}
	})
}

// A handler may leave a goroutine behind that still writes: it is told that this is over.
func TestNothingIsWrittenAfterTheHandlerHasReturned(t *testing.T) {
	on(t, func(s *coro.Scheduler) {
		var late http.ResponseWriter
		handler := Offload(s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { late = w }))
		if got := handler(request("")).Status; got != 200 {
			t.Errorf("status %d", got)
		}
		if _, err := late.Write([]byte("x")); err != errEnded {
			t.Errorf("Write: %v", err)
		}
		if err := http.NewResponseController(late).Flush(); err != errEnded {
			t.Errorf("Flush: %v", err)
		}
	})
}
