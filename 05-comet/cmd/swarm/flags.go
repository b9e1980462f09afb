package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/c10k/05-comet/audience"
	"example.com/c10k/05-comet/swarm"
)

// options are what the command line says.
type options struct {
	url, serve string
	pid        int
	json       bool
	swarm      swarm.Options    // of a run with waiters
	audience   audience.Options // of a run with followers
}

// follows tells which of the two runs is wanted.
func (o *options) follows() bool { return o.audience.Pollers+o.audience.Streams > 0 }

// What only one of the two runs has a use for.
const (
	ofWaiters   = " n timeout "
	ofFollowers = " slow topics publishers rate size kills time "
)

// parse reads the command line. The error is one line for the user, or flag.ErrHelp.
func parse(args []string, stdout, progress io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("swarm", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are told by the caller, in one line
	flags.StringVar(&o.url, "url", "", "load the server at `URL`: http://HOST:PORT")
	flags.StringVar(&o.serve, "serve", "", "start a server with `COMMAND` for the run, and stop it; {addr} in it becomes 127.0.0.1:0")
	flags.IntVar(&o.swarm.Clients, "n", 10_000, "let `N` clients wait")
	flags.IntVar(&o.pid, "pid", 0, "with -url: measure the server whose first process is `PID` (Linux)")
	signals := flags.String("signals", "", "send the server `NAMES` while all are there, HUP (reload), USR2 (upgrade) or both, as in HUP,USR2; with -serve or -pid")
	processes := flags.Int("processes", 0, "run the clients in at least `N` processes; 0: as the limits demand")
	flags.DurationVar(&o.swarm.Timeout, "timeout", swarm.DefaultTimeout, "give the clients so long to park, and the server so long to answer them all")
	flags.BoolVar(&o.json, "json", false, "print the result as JSON instead of the table")

	a := &o.audience
	flags.IntVar(&a.Pollers, "poll", 0, "instead of waiting, let `N` clients follow topics with /events")
	flags.IntVar(&a.Streams, "stream", 0, "let `N` clients follow topics with /stream")
	flags.IntVar(&a.Slow, "slow", 0, "with -stream: `N` of them read slowly")
	flags.IntVar(&a.Topics, "topics", 1, "with -poll, -stream: spread the clients over `N` topics")
	flags.IntVar(&a.Publishers, "publishers", 1, "with -poll, -stream: `N` publish, each waiting for its acknowledgements")
	flags.Float64Var(&a.Rate, "rate", 5, "with -poll, -stream: publish `N` messages a second, of all publishers together")
	flags.IntVar(&a.Size, "size", 100, "with -poll, -stream: a message has `N` bytes, at least")
	flags.Float64Var(&a.Kills, "kills", 0, "with -poll, -stream: cut `N` connections a second, at random")
	flags.DurationVar(&a.Time, "time", 10*time.Second, "with -poll, -stream: publish for `TIME`")
	flags.Usage = func() {}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stdout)
		fmt.Fprint(stdout, "usage: swarm -url http://HOST:PORT | -serve 'COMMAND {addr}'   let many clients wait, notify them, check every answer;\n"+
			"       with -poll or -stream let them follow topics, publish, and account for every message\n")
		flags.PrintDefaults()
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w (-h lists the flags)", err)
	}
	if a.Signals, err = swarm.ParseSignals(*signals); err != nil {
		return nil, err
	}
	o.swarm.Signals = a.Signals
	a.Processes, o.swarm.Processes = *processes, *processes
	a.Progress, o.swarm.Progress = progress, progress
	return o, o.check(flags)
}

// check finds what does not go together.
func (o *options) check(flags *flag.FlagSet) (err error) {
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("what is %q? All is said with flags: swarm -url http://127.0.0.1:8080", flags.Arg(0))
	case (o.url == "") == (o.serve == ""):
		return errors.New("say which server: -url http://127.0.0.1:8080 for one that runs, or -serve 'bin/comet -addr {addr}' to start one")
	case o.serve != "" && o.pid != 0:
		return errors.New("-pid goes with -url: a server that -serve starts is measured anyway")
	case len(o.swarm.Signals) > 0 && o.serve == "" && o.pid == 0:
		return swarm.ErrSignalWhom
	case o.pid < 0:
		return fmt.Errorf("-pid %d is no process", o.pid)
	case o.swarm.Timeout <= 0:
		return fmt.Errorf("-timeout %v leaves no time: give for instance 60s", o.swarm.Timeout)
	case o.audience.Pollers < 0 || o.audience.Streams < 0:
		return errors.New("-poll and -stream are 0 or more")
	}
	flags.Visit(func(f *flag.Flag) {
		switch {
		case o.follows() && strings.Contains(ofWaiters, " "+f.Name+" "):
			err = fmt.Errorf("-%s is for clients that wait, and these follow: leave it out, or -poll and -stream", f.Name)
		case !o.follows() && strings.Contains(ofFollowers, " "+f.Name+" "):
			err = fmt.Errorf("-%s is for clients that follow topics: say how many there are with -poll N or -stream N", f.Name)
		}
	})
	if err == nil && o.follows() {
		return o.audience.Check()
	}
	return err
}
