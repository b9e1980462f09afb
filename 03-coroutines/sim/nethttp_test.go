package sim_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/nethttp"
	"example.com/c10k/03-coroutines/sim"
)

// A handler of net/http that runs on the loop starts no goroutine and asks no clock, so the simulated
// machine runs it too: it is the echo application once more, written for net/http, and its clients are
// those of TestEveryAnswerIsRight.
func TestAnInlineHandlerAnswersInTheSimulation(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "You requested %s via method %s", r.RequestURI, r.Method)
		if r.ContentLength > 0 {
			fmt.Fprintf(w, " with %d bytes", r.ContentLength)
		}
	})
	fewSeeds(t, func(w *sim.World, f sim.Faults) func() error {
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts,
			make: func(m strand.Model) http1.Handler { return nethttp.Inline(m.(*coro.Scheduler), echo) }}
		h.run(slices.Repeat([]func(*coro.Scheduler){h.pipeline}, 1+w.Random.IntN(6))...)
		return h.verdict
	}, all)
}
