// Command blocking serves stage 01: one connection at a time (-model sequential), or an OS thread for
// each (-model threads).
//
// TERM and INT end it at once: a thread inside a blocking call cannot be asked to finish. From stage 03
// on the servers drain. For the same reason a client that leaves is not noticed while its handler waits.
//
// What this command does not do: it serves no files, and keeps no count of what it has served.
package main

import (
	"log/slog"
	"os"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
)

func main() {
	flags := command.New("a server that blocks: stage 01", app.Names, false)
	model := flags.String("model", "threads", "`MODEL` of concurrency: sequential (one connection at a time) or threads (one each)")
	unlocked := flags.Bool("unlocked", false, "with -model threads: goroutines that are not bound to a thread, to compare")
	flags.Parse()

	threads := &blocking.Threads{Unlocked: *unlocked}
	server := &blocking.Server{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	switch *model {
	case "threads":
		server.Model = threads
	case "sequential":
		if flags.App == "comet" {
			flags.Misused("-model sequential cannot serve comet: the first /wait would stop everybody, /notify included")
		}
	default:
		flags.Misused("-model %s is unknown: choose sequential or threads", *model)
	}

	handler, err := app.New(flags.App, strand.Model(threads))
	if err != nil {
		flags.Failed(err)
	}
	server.Options = serve.Options{Handler: handler, Timeouts: flags.Timeouts, Now: time.Now, Log: server.Log}

	if server.Most, err = sock.ConnectionLimit(); err != nil {
		flags.Failed(err)
	}
	listener, at, err := sock.ListenBlocking(flags.Addr, sock.Options{Backlog: flags.Backlog, DeferAccept: flags.DeferAccept})
	if err != nil {
		flags.Failed(err)
	}
	server.Listener = listener
	command.OnStop(func() { os.Exit(0) })
	command.Listening(at)
	flags.Failed(server.Serve())
}
