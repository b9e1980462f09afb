// Command comet is stage 05: a comet server of coroutines in prefork workers, whose waiters are woken
// together, whichever worker holds them.
package main

import (
	"errors"
	"log/slog"
	"os"
	"runtime"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/04-prefork/engine"
	"example.com/c10k/04-prefork/prefork"
	"example.com/c10k/05-comet/comet"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// mostWorkers is far above any useful number: one for each core is enough.
const mostWorkers = 1024

func main() {
	worker, isWorker := prefork.Inherited()
	flags := command.New("a comet server: coroutines in prefork workers, one order for all: stage 05", []string{"comet"}, true)
	workers := flags.Int("workers", runtime.NumCPU(), "run `N` worker processes")
	debug := flags.Bool("debug", false, "log what the workers say to the master")
	flags.Parse()
	if *workers < 1 || *workers > mostWorkers {
		flags.Misused("-workers %d: choose from 1 to %d", *workers, mostWorkers)
	}
	var level slog.LevelVar
	if *debug {
		level.Set(slog.LevelDebug)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &level}))
	if isWorker {
		os.Exit(engine.Coroutines(engine.Config{
			Worker:      worker,
			Timeouts:    flags.Timeouts,
			DeferAccept: flags.DeferAccept,
			Log:         log.With("worker", worker.Name),
			DrainTime:   prefork.DefaultDrainTimeout * 2 / 3,
			Application: func(s *coro.Scheduler) (http1.Handler, func(byte, []byte), error) {
				handler, onFrame := application(s, worker)
				return handler, onFrame, nil
			},
		}))
	}

	if _, err := sock.ConnectionLimit(); err != nil {
		flags.Failed(err)
	}
	listener, at, err := sock.ListenNonBlocking(flags.Addr, sock.Options{Backlog: flags.Backlog, DeferAccept: flags.DeferAccept})
	if err != nil {
		flags.Failed(err)
	}
	os.Exit(prefork.Run(prefork.Config{
		Workers:     *workers,
		Listener:    int(listener),
		Application: func(m *prefork.Master) prefork.Application { return newOrder(m, log) },
		Serving:     func() { command.Listening(at) },
		Log:         log,
	}))
}

// application is a worker's part: a hub, its HTTP face, and the frames between it and the master.
func application(s *coro.Scheduler, w *prefork.Worker) (http1.Handler, func(byte, []byte)) {
	h := hub.New(s, func(f sequencer.Frame) error {
		err := w.Send(byte(f.Kind), f.Payload())
		if errors.Is(err, prefork.ErrLinkFull) {
			return hub.ErrBusy
		}
		return err
	})
	return comet.New(h), func(typ byte, payload []byte) {
		if f, ok := sequencer.Parse(typ, payload); ok {
			h.Receive(f)
		}
	}
}

// order is the master's part: the sequencer on the workers' links.
type order struct {
	*sequencer.Sequencer[prefork.WorkerID]
	log *slog.Logger
}

func newOrder(m *prefork.Master, log *slog.Logger) order {
	send := func(w prefork.WorkerID, f sequencer.Frame) { m.Send(w, byte(f.Kind), f.Payload()) }
	return order{sequencer.New(send, m.After), log}
}

// Frame takes a worker's frame; what cannot be understood is dropped.
func (o order) Frame(w prefork.WorkerID, typ byte, payload []byte) {
	f, ok := sequencer.Parse(typ, payload)
	if !ok {
		o.log.Warn("a frame that is none of ours", "worker", int(w), "type", typ, "bytes", len(payload))
		return
	}
	o.log.Debug("frame", "worker", int(w), "kind", string(rune(f.Kind)), "id", f.ID, "n", f.N)
	o.Sequencer.Frame(w, f)
}
