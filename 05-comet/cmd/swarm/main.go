// Command swarm lets ten thousand clients wait at a comet server, notifies them, checks every answer and
// prints what it took.
//
//	swarm -url http://127.0.0.1:8080 [-pid N] [-n 10000]
//	swarm -serve 'bin/comet -addr {addr}' [-n 10000]
//
// The first form loads a server that runs; with -pid it measures it too. The second starts a server for
// the run, measures it, and stops it with TERM. Progress goes to standard error, the table to standard
// output. Exit status: 0 all is well; 1 a client is missing or wrong, or the run came to nothing; 2 the
// command line is wrong; 130 interrupted by ^C.
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

	"example.com/c10k/05-comet/swarm"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 + int(syscall.SIGINT) // as shells count
)

func main() {
	if swarm.IsChild() {
		os.Exit(swarm.Child(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends the program at once
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is main without the process, so that a test can call it.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options := swarm.Options{Progress: stderr}
	flags := flag.NewFlagSet("swarm", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are told below, in one line
	flags.StringVar(&options.URL, "url", "", "load the server at `URL`: http://HOST:PORT")
	serve := flags.String("serve", "", "start a server with `COMMAND` for the run, and stop it; {addr} in it becomes 127.0.0.1:0")
	flags.IntVar(&options.Clients, "n", 10_000, "let so many clients wait")
	flags.IntVar(&options.PID, "pid", 0, "with -url: measure the server whose first process is `PID` (Linux)")
	flags.IntVar(&options.Processes, "processes", 0, "run the clients in at least so many processes; 0: as the limits demand")
	flags.DurationVar(&options.Timeout, "timeout", swarm.DefaultTimeout, "give the clients so long to park, and the server so long to answer them all")
	asJSON := flags.Bool("json", false, "print the result as JSON instead of the table")
	flags.Usage = func() {
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, "usage: swarm -url http://HOST:PORT | -serve 'COMMAND {addr}'   let many clients wait, notify them, check every answer\n")
		flags.PrintDefaults()
	}
	misused := func(message string) int {
		fmt.Fprintf(stderr, "swarm: %s\n", message)
		return exitUsage
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return misused(err.Error() + " (-h lists the flags)")
	case flags.NArg() > 0:
		return misused(fmt.Sprintf("what is %q? All is said with flags: swarm -url http://127.0.0.1:8080", flags.Arg(0)))
	case (options.URL == "") == (*serve == ""):
		return misused("say which server: -url http://127.0.0.1:8080 for one that runs, or -serve 'bin/comet -addr {addr}' to start one")
	case *serve != "" && options.PID != 0:
		return misused("-pid goes with -url: a server that -serve starts is measured anyway")
	case options.PID < 0:
		return misused(fmt.Sprintf("-pid %d is no process", options.PID))
	case options.Timeout <= 0:
		return misused(fmt.Sprintf("-timeout %v leaves no time: give for instance 60s", options.Timeout))
	}
	result, err := run(ctx, options, *serve, stderr)
	if result != nil {
		if *asJSON {
			encoder := json.NewEncoder(stdout)
			encoder.SetIndent("", "  ")
			encoder.Encode(result)
		} else {
			result.WriteTable(stdout)
		}
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "swarm: interrupted: the clients are closed, and a server that was started for them has ended")
		return exitInterrupted
	case errors.Is(err, swarm.ErrUsage):
		return misused(err.Error())
	case err != nil:
		fmt.Fprintln(stderr, "swarm:", err)
		return exitFailed
	case !result.OK():
		return exitFailed
	}
	return 0
}

// run runs the swarm, with a server of its own if a command for one is given. A server that does not stop
// well is an error beside the result.
func run(ctx context.Context, o swarm.Options, serve string, messages io.Writer) (result *swarm.Result, err error) {
	if serve == "" {
		return swarm.Run(ctx, o)
	}
	server, err := swarm.StartServer(ctx, serve, messages)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, server.Stop())
		if result != nil {
			server.MeasureWhole(result)
		}
	}()
	o.URL, o.PID = server.URL, server.PID()
	return swarm.Run(ctx, o)
}
