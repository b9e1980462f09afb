// Command prefork serves stage 04: a master and worker processes on one port, which connections reach in
// one of five ways.
//
// The same program is master and worker: prefork starts it again for each worker, and for a check before an
// upgrade. HUP replaces the workers, USR2 the program, TERM and INT drain and stop, QUIT prints who works.
//
// What this command does not do: its workers share the port and nothing else. An application that has something
// to share, as comet does, is wrong here with more than one worker; stage 05 mends that.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"

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

// modes are the ways in which connections reach the workers.
var modes = []string{"shared", "exclusive", "reuseport", "handoff", "exec"}

const modeUsage = "how connections reach the workers: `MODE` shared (one listener, all are woken, one is faster), " +
	"exclusive (the kernel wakes one; Linux), reuseport (a listener each, the kernel spreads), " +
	"handoff (the master accepts and sends descriptors), exec (a process for each connection, at most -workers at once, with a thread)"

// settings are this command's own flags.
type settings struct {
	*command.Flags
	workers     int
	mode        string
	engine      string
	root        string
	logRequests bool
}

func main() {
	worker, isWorker := prefork.Inherited()
	s := parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if isWorker {
		os.Exit(s.work(worker, log.With("worker", worker.Name)))
	}
	if _, err := sock.ConnectionLimit(); err != nil {
		s.Failed(err)
	}
	listener, err := prefork.Listener(s.open)
	if err != nil {
		s.Failed(err)
	}
	at, err := sock.NonBlocking(listener).LocalAddr()
	if err != nil {
		s.Failed(err)
	}
	os.Exit(prefork.Run(prefork.Config{
		Workers:  s.workers,
		Mode:     map[string]prefork.Mode{"handoff": prefork.HandOver, "exec": prefork.EachConnection}[s.mode],
		Listener: listener,
		Serving:  func() { command.Listening(at) },
		Log:      log,
	}))
}

func parse() *settings {
	s := &settings{Flags: command.New("a master and worker processes on one port: stage 04", append(slices.Clone(app.Names), "files"), true)}
	s.IntVar(&s.workers, "workers", runtime.NumCPU(), "run `N` worker processes")
	s.StringVar(&s.mode, "mode", modes[0], modeUsage)
	s.StringVar(&s.engine, "engine", "coroutines", "in a worker, `ENGINE` carries connections: threads or coroutines")
	s.StringVar(&s.root, "root", ".", "-app files serves `DIR` and what is below it")
	s.BoolVar(&s.logRequests, "log-requests", false, "log a line for each request, to standard error")
	s.Parse()
	if s.workers < 1 || s.workers > mostWorkers {
		s.Misused("-workers %d: choose from 1 to %d", s.workers, mostWorkers)
	}
	if !slices.Contains(modes, s.mode) {
		s.Misused("-mode %s is unknown: choose one of %s", s.mode, strings.Join(modes, ", "))
	}
	if s.engine != "threads" && s.engine != "coroutines" {
		s.Misused("-engine %s is unknown: choose threads or coroutines", s.engine)
	}
	if info, err := os.Stat(s.root); s.App == "files" && (err != nil || !info.IsDir()) {
		s.Misused("-root %s: choose a directory that this user may read", s.root)
	}
	if s.mode == "exclusive" && s.engine == "threads" {
		s.Misused("-mode exclusive needs -engine coroutines: threads wait in poll(2), which wakes everybody")
	}
	return s
}

// open opens what the master has: the listener, or, where each worker has a listener of its own, a socket
// that keeps the port for them.
func (s *settings) open() (fd int, err error) {
	var socket sock.NonBlocking
	if s.mode == "reuseport" {
		socket, _, err = sock.HoldPort(s.Addr)
	} else {
		socket, _, err = sock.ListenNonBlocking(s.Addr, s.listenOptions())
	}
	return int(socket), err
}

func (s *settings) listenOptions() sock.Options {
	return sock.Options{Backlog: s.Backlog, DeferAccept: s.DeferAccept, ReusePort: s.mode == "reuseport"}
}

// work is a worker's main.
func (s *settings) work(w *prefork.Worker, log *slog.Logger) (exit int) {
	switch s.mode {
	case "shared", "exclusive": // w.Listener is everybody's
	case "reuseport": // w.Listener is everybody's too, and keeps the port; the queue is this worker's own
		if err := s.listenBeside(w); err != nil {
			log.Error("the worker cannot listen", "reason", err)
			return prefork.ExitCannotStart
		}
	case "handoff": // there is no listener; connections come over the link, to w.OnConnection
	case "exec": // there is neither: w.Connection is what this process is for
	}
	served := application{name: s.App, root: s.root}
	if s.logRequests {
		served.logRequests = log
	}
	c := engine.Config{
		Worker:      w,
		Timeouts:    s.Timeouts,
		DeferAccept: s.DeferAccept,
		Exclusive:   s.mode == "exclusive",
		Alone:       s.workers == 1 || s.mode == "reuseport",
		Log:         log,
		DrainTime:   prefork.DefaultDrainTimeout * 2 / 3, // and a third for the master to see that it is over
	}
	if s.engine == "threads" || s.mode == "exec" {
		return engine.Threads(c, func(m strand.Model) (http1.Handler, error) { return served.make(m, nil) })
	}
	c.Application = func(scheduler *coro.Scheduler) (http1.Handler, func(byte, []byte), error) {
		handler, err := served.make(scheduler, scheduler.Offload)
		return handler, nil, err
	}
	return engine.Coroutines(c)
}

// listenBeside gives a worker a listener of its own on the port that it inherited.
func (s *settings) listenBeside(w *prefork.Worker) error {
	at, err := sock.NonBlocking(w.Listener).LocalAddr()
	if err != nil {
		return fmt.Errorf("the inherited socket: %w", err)
	}
	own, _, err := sock.ListenNonBlocking(at.String(), s.listenOptions())
	if err != nil {
		return err
	}
	w.Listener = int(own) // the other stays open: it keeps the port when the master is gone before this worker
	return nil
}
