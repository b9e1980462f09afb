package sim_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

// Long bodies, sent whole or piece by piece with pauses, to several clients at once, while the next request
// may be here already: each arrives whole and is nobody else's, or the connection has ended.
func TestALongAnswerIsWholeOrCutOff(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts}
		h.make = func(m strand.Model) http1.Handler { return streaming(m.(*coro.Scheduler), w) }
		h.run(slices.Repeat([]func(*coro.Scheduler){h.viewer}, 1+w.Random.IntN(5))...)
		return h.verdict
	}, all)
}

// streamed is the body at "/pieces/size": each piece repeats another letter, and each size begins with another.
func streamed(target string) (pieces [][]byte) {
	var number, size int
	fmt.Sscanf(target, "/%d/%d", &number, &size)
	for i := range number {
		pieces = append(pieces, bytes.Repeat([]byte{'a' + byte((size+i)%26)}, size))
	}
	return pieces
}

func streaming(s *coro.Scheduler, w *sim.World) http1.Handler {
	return func(r *http1.Request) *http1.Response {
		pieces := streamed(string(r.Target))
		if w.Random.IntN(3) == 0 {
			return &http1.Response{Body: bytes.Join(pieces, nil)}
		}
		response := &http1.Response{Stream: func(to http1.Sender) error {
			for _, p := range pieces {
				if w.Random.IntN(3) == 0 {
					if err := s.Sleep(time.Duration(w.Random.Int64N(int64(30 * time.Second)))); err != nil {
						return err
					}
				}
				if err := to.Send(p); err != nil {
					return err
				}
			}
			return nil
		}}
		if w.Random.IntN(2) == 0 {
			response.Length = int64(len(bytes.Join(pieces, nil)))
		}
		return response
	}
}

// viewer asks for a few streams, sometimes for two at once.
func (h *site) viewer(s *coro.Scheduler) {
	conn := dial(s, address)
	defer conn.Close()
	c := newClient(s, conn)
	for range 1 + h.world.Random.IntN(3) {
		var targets []string
		for range 1 + h.world.Random.IntN(2) {
			longest := 3000
			if !h.faults.SmallRooms && h.world.Random.IntN(2) == 0 { // more than is collected before it is written
				longest = 30_000
			}
			targets = append(targets, fmt.Sprintf("/%d/%d", h.world.Random.IntN(6), 1+h.world.Random.IntN(longest)))
		}
		for _, target := range targets {
			if err := c.request("GET", target, ""); err != nil {
				h.ended("asking for a stream", err)
				return
			}
		}
		for _, target := range targets {
			status, body, err := c.answer()
			if err != nil {
				h.ended("in a stream", err)
				return
			}
			if status == 408 && destructive(h.faults) {
				return
			}
			if want := string(bytes.Join(streamed(target), nil)); status != 200 || body != want {
				h.fail("%s: status %d, %d bytes, want %d, or others", target, status, len(body), len(want))
				return
			}
		}
	}
}
