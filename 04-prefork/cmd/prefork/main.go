// Command prefork serves stage 04: a master and worker processes that share one listener.
package main

import (
	"log/slog"
	"os"
	"runtime"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/04-prefork/engine"
	"example.com/c10k/04-prefork/prefork"
)

// mostWorkers is far above any useful number: one for each core is enough.
const mostWorkers = 1024

func main() {
	worker, isWorker := prefork.Inherited()
	flags := command.New("a master and worker processes that share one listener: stage 04", app.Names, true)
	workers := flags.Int("workers", runtime.NumCPU(), "run `N` worker processes")
	mode := flags.String("mode", "shared", "how connections reach the workers: `MODE` shared (all are woken, one is faster) or exclusive (the kernel wakes one; Linux)")
	model := flags.String("engine", "coroutines", "in a worker, `ENGINE` carries connections: threads or coroutines")
	flags.Parse()
	if *workers < 1 || *workers > mostWorkers {
		flags.Misused("-workers %d: choose from 1 to %d", *workers, mostWorkers)
	}
	if *mode != "shared" && *mode != "exclusive" {
		flags.Misused("-mode %s is unknown: choose shared or exclusive", *mode)
	}
	if *model != "threads" && *model != "coroutines" {
		flags.Misused("-engine %s is unknown: choose threads or coroutines", *model)
	}
	if *mode == "exclusive" && *model == "threads" {
		flags.Misused("-mode exclusive needs -engine coroutines: threads wait in poll(2), which wakes everybody")
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if isWorker {
		os.Exit(work(worker, flags, *model, engine.Config{
			Worker:      worker,
			Timeouts:    flags.Timeouts,
			DeferAccept: flags.DeferAccept,
			Exclusive:   *mode == "exclusive",
			Log:         log.With("worker", worker.Name),
			DrainTime:   prefork.DefaultDrainTimeout * 2 / 3, // and a third for the master to see that it is over
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
		Workers:  *workers,
		Listener: int(listener),
		Serving:  func() { command.Listening(at) },
		Log:      log,
	}))
}

// work is a worker's main. The handler is made for the model that carries it, and knows neither that
// model nor that other processes have a handler of their own: comet is right in one worker and wrong in
// two.
func work(w *prefork.Worker, flags *command.Flags, model string, c engine.Config) (exit int) {
	if model == "threads" {
		return engine.Threads(c, func(m strand.Model) (http1.Handler, error) { return app.New(flags.App, m) })
	}
	c.Application = func(s *coro.Scheduler) (http1.Handler, func(byte, []byte), error) {
		handler, err := app.New(flags.App, s)
		return handler, nil, err
	}
	return engine.Coroutines(c)
}
