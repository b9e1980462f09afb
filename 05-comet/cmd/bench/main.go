// Command bench measures every stage beside a floor, and says what a request costs the server.
//
//	bench -quick -out results          under two minutes: hello and comet, every stage
//	bench -out docs/results            the whole of it: more rounds, 1,000 connections, idle neighbours, comet 10,000
//	bench -add 'mine=./mine -addr {addr}' -run hello -quick
//	bench -compare OLD NEW             which of the servers has become slower or faster
//	bench -server floor -addr HOST:PORT   one of the servers that it compares with, alone
//
// The figure is CPU time of the server for one request (or for one parked client), user and system, of all
// its processes. Requests a second are recorded too, but they tell as much of the load as of the server. The
// server has a processor to itself, the load has another. Rounds are interleaved, each in an order of its
// own, and values are compared within a round, so that what disturbs a round disturbs both sides. The floor,
// a loop of raw system calls that parses nothing, runs twice in each round (A/A): what differs between
// floor and floor-again is noise, and no smaller difference means anything.
//
// What this program does not do: it sets no goals, draws nothing, and measures only this machine.
//
// Exit status: 0 measured, or nothing became slower; 1 something failed, or became slower; 2 the command line
// is wrong; 130 interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/05-comet/load"
	"example.com/c10k/05-comet/swarm"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 + int(syscall.SIGINT) // as shells count
)

func main() {
	switch {
	case load.IsChild():
		os.Exit(load.Child(os.Stdin, os.Stdout))
	case swarm.IsChild():
		os.Exit(swarm.Child(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends the program at once
	os.Exit(start(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errUsage is wrapped by errors that only another command line mends.
var errUsage = errors.New("usage")

// Options are what the command line says.
type options struct {
	quick     bool
	out       string        // directory to write to; "" writes nothing
	published string        // directory of the results to print beside
	bin       string        // directory of the stages' commands
	run       string        // workloads, with commas; "" runs all
	only      string        // subjects, with commas; "" measures all
	rounds    int           // 0: as the mode has it
	seconds   time.Duration // of load in each measurement; 0: as the mode has it
	requests  int           // at most, in each measurement; 0: as the workload has it
	add       []subject
	command   string // as it was typed, for the record
}

func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{command: strings.Join(append([]string{"bin/bench"}, args...), " ")}
	var control control
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.quick, "quick", false, "measure less, in under two minutes")
	flags.StringVar(&o.out, "out", "", "write a JSON file for each workload to `DIR`")
	flags.StringVar(&o.published, "published", filepath.Join("docs", "results"), "print what is in `DIR` beside what is measured")
	flags.StringVar(&o.bin, "bin", "", "find the stages' commands in `DIR`; else beside this program")
	flags.StringVar(&o.run, "run", "", "measure these `WORKLOADS` only: "+strings.Join(workloadNames(), ","))
	flags.StringVar(&o.only, "only", "", "measure these `SERVERS` only (and the floor): "+strings.Join(subjectNames(subjects), ","))
	flags.IntVar(&o.rounds, "rounds", 0, "measure everything `N` times; 0: as the mode has it")
	flags.DurationVar(&o.seconds, "time", 0, "load each server for `TIME` in each round; 0: as the mode has it")
	flags.IntVar(&o.requests, "requests", 0, "and with at most `N` requests; 0: as the workload has it")
	flags.Func("add", "measure also a server of your own: `NAME=COMMAND`, with {addr} and {app} in it", func(text string) error {
		s, err := parseSubject(text)
		o.add = append(o.add, s)
		return err
	})
	compared := flags.Bool("compare", false, "compare two directories of results: bench -compare OLD NEW")
	flags.StringVar(&control.name, "server", "", "be one of the servers to compare with: `NAME` floor or net-http")
	flags.StringVar(&control.addr, "addr", "127.0.0.1:8080", "with -server: listen on `HOST:PORT`")
	flags.StringVar(&control.app, "app", "hello", "with -server: serve `NAME` hello or comet")
	flags.DurationVar(&control.spin, "spin", 0, "with -server: compute for `TIME` in each request, to see that it is noticed")
	flags.BoolVar(&control.deferAccept, "defer-accept", false, "with -server floor: let the kernel keep a connection until its first bytes arrive")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage // flag has said why
	}
	var err error
	switch {
	case *compared && flags.NArg() == 2:
		var slower bool
		if slower, err = compare(stdout, flags.Arg(0), flags.Arg(1)); err == nil && slower {
			return exitFailed
		}
	case *compared:
		err = fmt.Errorf("%w: say which two: bench -compare OLD NEW", errUsage)
	case flags.NArg() > 0:
		err = fmt.Errorf("%w: what is %q? All is said with flags (-h lists them)", errUsage, flags.Arg(0))
	case control.name != "":
		err = control.serve()
	default:
		err = measureAll(ctx, o, stdout, stderr)
	}
	switch {
	case ctx.Err() != nil && control.name == "":
		fmt.Fprintln(stderr, "bench: interrupted: the servers have ended, and nothing was written")
		return exitInterrupted
	case errors.Is(err, errUsage):
		fmt.Fprintln(stderr, "bench:", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		return exitUsage
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return exitFailed
	}
	return 0
}
