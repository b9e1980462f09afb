package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/04-prefork/engine"
	"example.com/c10k/04-prefork/prefork"
	"example.com/c10k/05-comet/comet"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/page"
	"example.com/c10k/05-comet/sequencer"
	"example.com/c10k/05-comet/swarm"
	"example.com/c10k/05-comet/usage"
)

// work is a worker's main: a hub, its HTTP face, and the frames between it and the master.
func work(w *prefork.Worker, o *options, log *slog.Logger) (exit int) {
	defer giveSlack()()
	var h *hub.Hub
	return engine.Coroutines(engine.Config{
		Worker:      w,
		Timeouts:    o.Timeouts,
		DeferAccept: o.DeferAccept,
		Alone:       o.workers == 1,
		Log:         log,
		DrainTime:   o.drainTime,
		OnDrain:     func() { h.Drain(o.drainWindow) },
		Application: func(s *coro.Scheduler) (http1.Handler, func(byte, []byte), error) {
			h = hub.New(s, sendTo(w))
			c := o.face
			c.Hub, c.Model, c.Random, c.Name, c.Pid, c.Own = h, s, rand.Float64, w.Name, os.Getpid(), usage.OfSelf
			var handler http1.Handler
			c.Page = page.New(page.Config{Model: s, Ask: func(r *http1.Request) *http1.Response { return handler(r) },
				Draining: h.Draining, Offload: s.Offload, Swarm: demo(o)})
			handler = comet.New(c)
			return handler, receiveFor(h), nil
		},
	})
}

// demoHold is how long everybody waits in a demo before they are notified: the page has new numbers four times a
// second, and whoever looks at it should see all of them once.
const demoHold = time.Second

// demo is the swarm that the page may start. The server is not measured: the swarm's processes are this
// worker's children, and would be counted with it.
func demo(o *options) func(ctx context.Context, url string, n int, progress io.Writer) (any, error) {
	if !o.demo {
		return nil
	}
	return func(ctx context.Context, url string, n int, progress io.Writer) (any, error) {
		return swarm.Run(ctx, swarm.Options{URL: url, Clients: n, Progress: progress, Hold: demoHold})
	}
}

// sendTo hands a hub's frames to the link.
func sendTo(w *prefork.Worker) func(sequencer.Frame) error {
	return func(f sequencer.Frame) error {
		err := w.Send(byte(f.Kind), f.Payload())
		if errors.Is(err, prefork.ErrLinkFull) {
			return hub.ErrBusy
		}
		return err
	}
}

// receiveFor hands the link's frames to a hub.
func receiveFor(h *hub.Hub) func(byte, []byte) {
	return func(typ byte, payload []byte) {
		if f, ok := sequencer.Parse(typ, payload); ok {
			h.Receive(f)
		}
	}
}
