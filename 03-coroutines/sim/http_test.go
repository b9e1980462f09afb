package sim_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/sim"
)

const address = "10.0.0.1:80"

// A site is the server of stage 03 and its clients, in one process or in two.
type site struct {
	world    *sim.World
	faults   sim.Faults
	make     func(strand.Model) http1.Handler
	timeouts serve.Timeouts

	handler http1.Handler
	server  *server.Server
	busy    int     // clients that have not ended
	wrong   []error // what they saw
}

func (h *site) fail(format string, of ...any) { h.wrong = append(h.wrong, fmt.Errorf(format, of...)) }

// run starts the processes. Each client is a coroutine; when the last has ended, the server drains.
func (h *site) run(clients ...func(s *coro.Scheduler)) {
	h.busy = len(clients)
	start := func(s *coro.Scheduler) {
		for i, client := range clients {
			s.Go(fmt.Sprint("client ", i), func() {
				client(s)
				if h.busy--; h.busy == 0 {
					h.server.Scheduler.Post(h.server.Drain)
				}
			})
		}
	}
	if h.world.Random.IntN(2) == 0 {
		process(h.world, "both", func(s *coro.Scheduler) { start(s); h.serve(s) })
		return
	}
	process(h.world, "server", h.serve)
	process(h.world, "clients", start)
}

func (h *site) serve(s *coro.Scheduler) {
	l, err := s.Listen(address, coro.ListenOptions{Backlog: 1 + h.world.Random.IntN(20), DeferAccept: h.world.Random.IntN(2) == 0})
	if err != nil {
		h.fail("listen: %v", err)
		return
	}
	h.handler = h.make(s)
	h.server = &server.Server{Scheduler: s, Listener: l, Most: 1000,
		Options: serve.Options{Handler: h.handler, Now: s.Now, Timeouts: h.timeouts}}
	if err := h.server.Serve(); err != nil && err != coro.ErrClosed {
		h.fail("the server ended with %v", err)
	}
}

// verdict is what must hold of every site, after it has ended.
func (h *site) verdict() error {
	switch {
	case h.busy > 0:
		h.fail("%d clients have not ended", h.busy)
	case h.server.Open() > 0:
		h.fail("%d connections are still being served", h.server.Open())
	case len(h.server.Scheduler.Tasks()) > 0:
		h.fail("%d coroutines are left", len(h.server.Scheduler.Tasks()))
	}
	return errors.Join(h.wrong...)
}

// ended judges the end of a connection whose client still expected something.
func (h *site) ended(what string, err error) {
	switch {
	case errors.Is(err, errWrong) && !destructive(h.faults), errors.Is(err, strand.ErrTimeout):
		h.fail("%s: %w", what, err)
	case !destructive(h.faults):
		h.fail("%s: the connection ended although nothing broke it: %w", what, err)
	}
}

// Pipelined requests of any size, in any pieces: every answer is right and in order, or the connection
// has ended.
func TestEveryAnswerIsRight(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts,
			make: func(strand.Model) http1.Handler { return app.Echo }}
		h.run(slices.Repeat([]func(*coro.Scheduler){h.pipeline}, 1+w.Random.IntN(6))...)
		return h.verdict
	}, all)
}

func (h *site) pipeline(s *coro.Scheduler) {
	conn := dial(s, address)
	defer conn.Close()
	c := newClient(s, conn)
	random := h.world.Random
	for range 1 + random.IntN(3) {
		var batch []byte
		var want []string
		for i := range 1 + random.IntN(5) {
			method, target, body := "GET", "/"+strings.Repeat("x", random.IntN(300))+strconv.Itoa(i), ""
			expected := "You requested " + target + " via method GET"
			if random.IntN(3) == 0 {
				method, body = "POST", strings.Repeat("b", 1+random.IntN(2000))
				expected = fmt.Sprintf("You requested %s via method POST with %d bytes", target, len(body))
			}
			batch = http1.AppendRequest(batch, method, target, "sim", nil, []byte(body))
			want = append(want, expected)
		}
		// Who sends many requests must read meanwhile: a server whose answers nobody takes stops reading,
		// and then both would wait for room.
		s.Go("sender", func() {
			conn.Send(batch, s.Now().Add(patience))
			s.Yield()
		})
		for _, w := range want {
			status, body, err := c.answer()
			if err != nil {
				h.ended("waiting for an answer", err)
				return
			}
			if status == 408 && destructive(h.faults) {
				return
			}
			if status != 200 || body != w {
				h.fail("answer %d %q, want %q", status, body, w)
				return
			}
		}
		switch random.IntN(8) {
		case 0:
			s.Sleep(time.Duration(random.Int64N(int64(50 * time.Second))))
		case 1: // longer than a server keeps a connection that rests
			if b, err := conn.Recv(s.Now().Add(patience)); err != io.EOF && !destructive(h.faults) {
				h.fail("a connection that rests received %q, %v", b, err)
			}
			return
		}
	}
	if random.IntN(2) == 0 {
		conn.CloseWrite()
		if b, err := conn.Recv(s.Now().Add(patience)); err != io.EOF && !destructive(h.faults) {
			h.fail("after the last answer: %q, %v", b, err)
		}
	}
}
