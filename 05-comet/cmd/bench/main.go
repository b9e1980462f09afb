// Command bench measures every stage beside a floor, and says what a request costs the server.
//
//	bench -quick -out results          under two minutes: hello and comet, every stage
//	bench -out results/published       the whole of it, in about 20 minutes: 1,000 connections, idle neighbours, comet 10,000
//	bench -resume -out results/published   the same, without the parts that are there already
//	bench -add 'mine=./mine -addr {addr}' -run hello -quick
//	bench -compare OLD NEW             which of the servers has become slower or faster
//	bench -goals docs/results          which goals these results reach
//	bench -faults -out docs/results    the same four faults under every model: who suffers
//	bench -calls -out docs/results     how many system calls a request needs, and which
//	bench -server floor -addr HOST:PORT   one of the servers that it compares with, alone
//
// The figure is CPU time of the server for one request (or for one parked client), user and system, of all
// its processes. Requests a second are recorded too, but they tell as much of the load as of the server. The
// server has a processor to itself, the load has another. Rounds are interleaved, each in an order of its
// own, and values are compared within a round, so that what disturbs a round disturbs both sides. The floor,
// a loop of raw system calls that parses nothing, runs twice in each round (A/A): what differs between
// floor and floor-again is noise, and no smaller difference means anything.
//
// What is divided by each other is measured in the same rounds, as one part of a run, which writes its files
// when it ends.
//
// nginx, nchan, Node, wrk and ab join where they are installed. wrk and ab load the same servers in the same rounds
// as our own load does, so that it can be seen whether a request costs the same, whoever makes it.
//
// What this program does not do: it draws nothing, and measures only this machine.
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
	"slices"
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
	resume    bool          // leave out what is in out already
	add       []subject
	command   string // as it was typed, for the record

	compare, faults, calls bool   // instead of measuring speed
	goals                  string // directory of results to judge, instead
	rest                   []string
	control                control // to be one of the servers, instead
}

// parse reads the command line. flag itself has said why if it fails.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
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
	flags.BoolVar(&o.resume, "resume", false, "leave out what -out has already from the same command and commit")
	flags.Func("add", "measure also a server of your own: `NAME=COMMAND`, with {addr} and {app} in it", func(text string) error {
		s, err := parseSubject(text)
		o.add = append(o.add, s)
		return err
	})
	flags.BoolVar(&o.compare, "compare", false, "compare two directories of results: bench -compare OLD NEW")
	flags.StringVar(&o.goals, "goals", "", "print which goals the results in `DIR` reach")
	flags.BoolVar(&o.faults, "faults", false, "measure who suffers from one client's fault, under every model")
	flags.BoolVar(&o.calls, "calls", false, "count the system calls that a request needs (strace)")
	flags.StringVar(&o.control.name, "server", "", "be one of the servers to compare with: `NAME` "+strings.Join(controlNames(), ", "))
	flags.StringVar(&o.control.addr, "addr", "127.0.0.1:8080", "with -server: listen on `HOST:PORT`")
	flags.StringVar(&o.control.app, "app", "hello", "with -server: serve `NAME` hello, comet or faults")
	flags.DurationVar(&o.control.spin, "spin", 0, "with -server: compute for `TIME` in each request, to see that it is noticed")
	flags.BoolVar(&o.control.deferAccept, "defer-accept", false, "with -server floor or nginx: let the kernel keep a connection until its first bytes arrive")
	err := flags.Parse(args)
	o.command = strings.Join(append([]string{"bin/bench"}, slices.DeleteFunc(slices.Clone(args), isResume)...), " ")
	o.rest = flags.Args()
	return o, err
}

// isResume tells -resume from what decides about the results.
func isResume(arg string) bool { return strings.TrimLeft(arg, "-") == "resume" }

func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	}
	slower, err := o.do(ctx, stdout, stderr)
	switch {
	case ctx.Err() != nil && o.control.name == "":
		fmt.Fprintln(stderr, "bench: interrupted: the servers have ended, and what they had shown is not written; parts that had ended before are (-resume goes on)")
		return exitInterrupted
	case errors.Is(err, errUsage):
		fmt.Fprintln(stderr, "bench:", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		return exitUsage
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return exitFailed
	case slower:
		return exitFailed
	}
	return 0
}

// do is what was asked for. slower is the answer of a comparison.
func (o *options) do(ctx context.Context, stdout, stderr io.Writer) (slower bool, err error) {
	switch {
	case o.compare && len(o.rest) == 2:
		return compare(stdout, o.rest[0], o.rest[1])
	case o.compare:
		return false, fmt.Errorf("%w: say which two: bench -compare OLD NEW", errUsage)
	case len(o.rest) > 0:
		return false, fmt.Errorf("%w: what is %q? All is said with flags (-h lists them)", errUsage, o.rest[0])
	case o.control.name != "":
		return false, o.control.serve()
	case o.goals != "":
		return false, judgeDirectory(stdout, o.goals)
	case o.faults:
		return false, measureFaults(ctx, *o, stdout, stderr)
	case o.calls:
		return false, measureCalls(ctx, *o, stdout, stderr)
	}
	return false, measureAll(ctx, *o, stdout, stderr)
}
