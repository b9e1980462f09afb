package sim_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/sim"
)

// Several processes share a listener, and some are killed in the middle of something. Every client gets a
// right answer as long as one worker lives; a connection to a killed one ends.
func TestAWorkerMayBeKilled(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		h := &site{world: w, faults: f}
		var workers []*server.Server
		kills := w.Random.IntN(3)
		w.Start("master", func(k *sim.Kernel) error {
			fd, at, err := k.Listen(address, coro.ListenOptions{Backlog: 10})
			if err != nil {
				return err
			}
			for i := range 1 + kills {
				var listener int // the worker's number for it
				worker := w.Start(fmt.Sprint("worker ", i), func(k *sim.Kernel) error {
					s := coro.New(k, coro.Options{Poison: true})
					srv := &server.Server{Scheduler: s, Listener: s.Share(listener, at, false, true), Most: 3, Shared: true,
						Options: serve.Options{Handler: app.Echo, Now: s.Now, Timeouts: serve.DefaultTimeouts}}
					workers = append(workers, srv)
					return s.Run(func() { srv.Serve() })
				})
				if listener, err = k.Share(fd, worker); err != nil {
					return err
				}
				if i < kills {
					w.After(time.Duration(w.Random.Int64N(int64(3*time.Second))), func() { w.Kill(worker) })
				}
			}
			return k.Close(fd)
		})
		clients := 1 + w.Random.IntN(6)
		process(w, "clients", func(s *coro.Scheduler) {
			for range clients {
				s.Go("client", func() {
					h.insist(s)
					if clients--; clients == 0 {
						for _, srv := range workers {
							srv.Scheduler.Post(srv.Drain)
						}
					}
				})
			}
		})
		return func() error {
			if clients > 0 {
				h.fail("%d clients have not ended", clients)
			}
			return errors.Join(h.wrong...)
		}
	}, all)
}

// insist asks until it gets an answer, over as many connections as that takes.
func (h *site) insist(s *coro.Scheduler) {
	for range 100 {
		conn := dial(s, address)
		status, body, err := newClient(s, conn).ask("GET", "/x")
		conn.Close()
		switch {
		case errors.Is(err, strand.ErrTimeout):
			h.fail("a connection to a killed worker stays open: %w", err)
			return
		case err != nil || status == 408 && destructive(h.faults):
			continue // that worker was killed, or the network broke
		case status != 200 || body != "You requested /x via method GET":
			h.fail("answered %d %q", status, body)
		}
		return
	}
	h.fail("a hundred connections, and no answer")
}
