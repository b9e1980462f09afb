package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/04-prefork/engine"
	"example.com/c10k/04-prefork/prefork"
)

// A role is what a server of this program is: how many workers, and what their handler waits in.
type role struct {
	workers int
	channel string // model, socket
}

const (
	roleVariable = "C10K_WALL04"
	drainTime    = time.Second // nothing here is worth a long stop
)

func (r role) String() string { return fmt.Sprintf("%d %s", r.workers, r.channel) }

func stop(status int, format string, a ...any) {
	fmt.Fprintf(os.Stderr, "wall04: %s\n", fmt.Sprintf(format, a...))
	os.Exit(status)
}

// beServer serves if this process was started to; then it does not return.
func beServer() {
	worker, isWorker := prefork.Inherited()
	told := os.Getenv(roleVariable)
	if told == "" {
		return
	}
	var r role
	if _, err := fmt.Sscan(told, &r.workers, &r.channel); err != nil {
		stop(2, "%s=%q: %v", roleVariable, told, err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if isWorker {
		os.Exit(engine.Threads(engine.Config{
			Worker: worker, Timeouts: serve.DefaultTimeouts, Log: log, DrainTime: drainTime / 2,
		}, r.handler))
	}
	listener, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		stop(1, "%v", err)
	}
	os.Exit(prefork.Run(prefork.Config{
		Workers: r.workers, Listener: int(listener), DrainTimeout: drainTime, Log: log,
		Serving: func() { command.Listening(at) },
	}))
}

// handler makes a worker's: comet, and at /pid the process, so that a client knows to whom it is connected.
func (r role) handler(m strand.Model) (http1.Handler, error) {
	handler := app.NewComet(m).Handle
	if r.channel == "socket" {
		handler = (&comet{}).handle
	}
	return func(request *http1.Request) *http1.Response {
		if string(request.Path()) == "/pid" {
			return app.PID(request)
		}
		return handler(request)
	}, nil
}
