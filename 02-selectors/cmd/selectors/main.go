// Command selectors serves stage 02: one event loop, on the poller of your choice.
//
// Its applications are those of stage 01, as far as they answer without waiting; comet, which waits, is package
// callbacks. TERM and INT let it finish the requests that it has.
//
// What this command does not do: it runs no handler beside another, so that one which blocks or computes stops
// everybody; and it serves bodies, no streams and no files.
package main

import (
	"log/slog"
	"os"
	"strings"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/callbacks"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

func main() {
	flags := command.New("one event loop, a state machine for each connection: stage 02", app.Names, false)
	name := flags.String("poller", poll.Names()[0], "ask the kernel with `NAME`: "+strings.Join(poll.Names(), ", "))
	flags.Parse()
	poll.KeepPlace()

	poller, err := poll.New(*name)
	if err != nil {
		flags.Misused("%v", err)
	}
	handler, err := application(flags.App)
	if err != nil {
		flags.Failed(err)
	}
	options := sock.Options{Backlog: flags.Backlog, DeferAccept: flags.DeferAccept}
	listener, at, err := sock.ListenNonBlocking(flags.Addr, options)
	if err != nil {
		flags.Failed(err)
	}
	server, err := loop.New(listener, poller, handler, loop.Options{
		Timeouts: flags.Timeouts,
		Most:     poll.Most(*name) - sock.Reserved,
		Deferred: flags.DeferAccept,
		Log:      slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		flags.Failed(err)
	}
	command.OnStop(server.Stop)
	command.Listening(at)
	if err := server.Run(); err != nil {
		flags.Failed(err)
	}
}

// application is comet torn into callbacks, or one that never waits and so runs here unchanged.
func application(name string) (loop.Handler, error) {
	if name == "comet" {
		return callbacks.NewComet().Handle, nil
	}
	handler, err := app.New(name, nil)
	return loop.Inline(handler), err
}
