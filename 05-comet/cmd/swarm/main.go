// Command swarm lets ten thousand clients wait at a comet server, notifies them, checks every answer and
// prints what it took.
//
//	swarm -url http://127.0.0.1:8080 [-pid N] [-n 10000]
//	swarm -serve 'bin/comet -addr {addr}' [-n 10000]
//
// The first form loads a server that runs; with -pid it measures it too. The second starts a server for
// the run, measures it, and stops it with TERM. With clients that follow topics (-poll, -stream) it is another
// run: publishers publish for a time, and every message is accounted for at every client.
//
//	swarm -serve 'bin/comet -addr {addr}' -stream 10000 -rate 5 -time 30s
//	swarm -url http://127.0.0.1:8080 -poll 500 -stream 500 -slow 50 -topics 100 -rate 200 -kills 20
//
// What a reload costs, and an upgrade, with everybody there:
//
//	swarm -serve 'bin/comet -addr {addr}' -n 10000 -signals HUP,USR2
//	swarm -serve 'bin/comet -addr {addr}' -poll 5000 -stream 5000 -rate 1 -time 30s -signals HUP,USR2
//
// Progress goes to standard error, the table to standard output. Exit status: 0 all is well; 1 a client or a
// message is missing, wrong or doubled, or the run came to nothing; 2 the command line is wrong; 130
// interrupted by ^C.
//
// What this command does not do: it decides nothing about clients and limits itself; packages swarm and audience do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"example.com/c10k/05-comet/audience"
	"example.com/c10k/05-comet/swarm"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 + int(syscall.SIGINT) // as shells count
)

func main() {
	switch {
	case swarm.IsChild():
		os.Exit(swarm.Child(os.Stdin, os.Stdout))
	case audience.IsChild():
		os.Exit(audience.Child(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends the program at once
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A result is what a run of either kind ends with.
type result interface {
	WriteTable(io.Writer) error
	OK() bool
}

// command is main without the process, so that a test can call it.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout, stderr)
	misused := func(err error) int {
		fmt.Fprintf(stderr, "swarm: %v\n", err)
		return exitUsage
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return misused(err)
	}
	result, err := run(ctx, o, stderr)
	if result != nil && o.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		encoder.Encode(result)
	} else if result != nil {
		result.WriteTable(stdout)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "swarm: interrupted: the clients are closed, and a server that was started for them has ended")
		return exitInterrupted
	case errors.Is(err, swarm.ErrUsage):
		return misused(err)
	case err != nil:
		fmt.Fprintln(stderr, "swarm:", err)
		return exitFailed
	case !result.OK():
		return exitFailed
	}
	return 0
}

// run runs what the options say, with a server of its own if a command for one is given. A server that does not
// stop well is an error beside the result.
func run(ctx context.Context, o *options, messages io.Writer) (_ result, err error) {
	url, pid := o.url, o.pid
	var server *swarm.ServerProcess
	var waited *swarm.Result
	if o.serve != "" {
		if server, err = swarm.StartServer(ctx, o.serve, messages); err != nil {
			return nil, err
		}
		url, pid = server.URL, server.PID()
		defer func() {
			err = errors.Join(err, server.Stop())
			if waited != nil {
				server.MeasureWhole(waited)
			}
		}()
	}
	if o.follows() {
		o.audience.URL, o.audience.PID = url, pid
		told, err := audience.Run(ctx, o.audience)
		if told == nil {
			return nil, err
		}
		return told, err
	}
	o.swarm.URL, o.swarm.PID = url, pid
	if waited, err = swarm.Run(ctx, o.swarm); waited == nil {
		return nil, err
	}
	return waited, err
}
