package comet_test

import (
	"fmt"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/sim"
	"example.com/c10k/05-comet/comet"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// A worker is a process with a hub and a server.
type worker struct {
	*site
	number   int
	kernel   *sim.Kernel
	atMaster *link
	retired  bool // it is not replaced
	coming   bool // its generation waits for it

	hasJoined, gone bool

	hub    *hub.Hub
	server *server.Server
}

func (m *master) spawn() *worker {
	m.last++
	w := &worker{site: m.site, number: m.last}
	m.spawned[byte(w.number)] = w
	listener := 0 // the worker's number for it
	w.kernel = m.world.Start(fmt.Sprint("worker ", w.number), func(k *sim.Kernel) error {
		s := coro.New(k, coro.Options{Poison: true})
		return s.Run(func() { w.run(s, listener) })
	})
	var err error
	if listener, err = m.kernel.Share(m.listener, w.kernel); err != nil {
		m.fail("share: %w", err)
	}
	m.scheduler.Daemon("start time-out", func() { m.await(w) })
	return w
}

func (w *worker) run(s *coro.Scheduler, listener int) {
	c := dial(s, linksAt)
	if c == nil {
		w.world.Kill(w.kernel)
		return
	}
	l := newLink(s, c)
	w.hub = hub.New(s, func(f sequencer.Frame) error { l.send(byte(f.Kind), f.Payload()); return nil })
	face := comet.New(comet.Config{Hub: w.hub, Model: s, Random: w.random.Float64, Name: w.kernel.Name(),
		Wait: comet.DefaultWait, Heartbeat: comet.DefaultHeartbeat, StreamAge: 40 * time.Second})
	timeouts := serve.DefaultTimeouts
	timeouts.Write = 5 * time.Second
	w.server = &server.Server{Scheduler: s, Listener: s.Share(listener, addrPort(address), false, false), Most: 1000, Shared: true,
		Options: serve.Options{Handler: func(r *http1.Request) *http1.Response { return face(r) }, Now: s.Now, Timeouts: timeouts}}
	s.Daemon("link's writer", l.write)
	s.Daemon("link", func() {
		defer c.Close()
		err := l.read(func(typ byte, payload []byte) {
			if typ == drain {
				w.drain(s)
			} else if f, ok := sequencer.Parse(typ, payload); ok {
				w.hub.Receive(f)
			}
		})
		if err != strand.ErrCanceled {
			w.world.Kill(w.kernel) // nobody outlives the link
		}
	})
	l.send(hello, []byte{byte(w.number)})
	w.server.Serve()
}

func (w *worker) drain(s *coro.Scheduler) {
	w.server.Drain()
	w.hub.Drain(3 * time.Second)
	s.Daemon("hard end", func() {
		if s.Sleep(drainTime) == nil {
			s.Stop()
		}
	})
}
