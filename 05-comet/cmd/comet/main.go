// Command comet is stage 05: a comet server of coroutines in prefork workers. What is published reaches
// everybody, whichever worker holds them, and nobody misses what came while they were away.
//
// The same program is master and worker. The master has the sequencer (master.go), a worker the hub and its HTTP
// face (worker.go); frames on prefork's links join them. Signals are those of stage 04, and a reload or an upgrade
// costs nobody a message.
//
// What this command does not do: it ends no TLS and knows no users; a proxy in front does that. And it is one
// machine: the messages are in its memory, and are gone with it.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/04-prefork/prefork"
	"example.com/c10k/05-comet/page"
	"example.com/c10k/05-comet/swarm"
)

func main() {
	if swarm.IsChild() { // of a demo
		os.Exit(swarm.Child(os.Stdin, os.Stdout))
	}
	inherited, isWorker := prefork.Inherited()
	o := parse()
	var level slog.LevelVar
	if o.debug {
		level.Set(slog.LevelDebug)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &level}))
	if isWorker {
		os.Exit(work(inherited, o, log.With("worker", inherited.Name)))
	}

	if _, err := sock.ConnectionLimit(); err != nil {
		o.Failed(err)
	}
	listener, err := prefork.Listener(func() (int, error) {
		listener, _, err := sock.ListenNonBlocking(o.Addr, sock.Options{Backlog: o.Backlog, DeferAccept: o.DeferAccept})
		return int(listener), err
	})
	if err != nil {
		o.Failed(err)
	}
	at, err := sock.NonBlocking(listener).LocalAddr()
	if err != nil {
		o.Failed(err)
	}
	os.Exit(prefork.Run(prefork.Config{
		Workers:     o.workers,
		Listener:    listener,
		Application: func(m *prefork.Master) prefork.Application { return newOrder(m, o, log) },
		Serving: func() {
			command.Listening(at)
			fmt.Fprintf(os.Stderr, "a page for browsers: http://%s%s\n", at, page.Path)
		},
		DrainTimeout: o.drainTime + drainGrace,
		StopDelay:    o.drainDelay,
		Log:          log,
	}))
}
