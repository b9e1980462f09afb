// Command oneprocess repeats the measurement of document 000 as it was: a comet server and 10,000 clients that
// wait for it, all of them coroutines of one process, one thread and one scheduler. It prints the time that
// this took in user and in system mode, and the memory, beside what was published in 2009.
//
//	bin/oneprocess                      as many as descriptors allow, at most 10,000
//	bin/oneprocess -gevent -rounds 5    beside Python's gevent in the same rounds, and which goals are met
//	bin/oneprocess -sim -n 1000000      the same lines on the simulated kernel, which has no limits
//
// Each connection has two ends here, so a process with a limit of 20,000 descriptors has 9,900 clients; the
// command says so when it takes fewer than it was asked for. Every client's answer is checked.
//
// What it does not do: it says nothing of a server alone (swarm does, with clients in processes of their
// own), and on the simulated kernel nothing of this machine's network: the time is that of the simulation.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/02-selectors/poll"
)

// Bounds of what may be asked for.
const (
	mostClients = 2_000_000
	mostRounds  = 20
)

type options struct {
	clients   int
	simulated bool
	seed      uint64
	poller    string
	rounds    int
	gevent    bool
	file      string
}

func main() {
	tool := command.NewTool("oneprocess", "document 000's measurement, repeated")
	var o options
	tool.IntVar(&o.clients, "n", 10_000, "`N` clients, 1 to 2000000; fewer if descriptors do not suffice")
	tool.BoolVar(&o.simulated, "sim", false, "run on the simulated kernel")
	tool.Uint64Var(&o.seed, "seed", 1, "with -sim: the `NUMBER` that decides what happens when")
	tool.StringVar(&o.poller, "poller", poll.Names()[0], "without -sim: ask the kernel with `NAME`: "+strings.Join(poll.Names(), ", "))
	tool.IntVar(&o.rounds, "rounds", 1, "run everything `N` times, 1 to 20")
	tool.BoolVar(&o.gevent, "gevent", false, "without -sim: run the same on Python's gevent, where it is installed, in the same rounds")
	tool.StringVar(&o.file, "json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "n", o.clients, 1, mostClients)
	command.Between(tool, "rounds", o.rounds, 1, mostRounds)
	if o.gevent && o.simulated {
		tool.Misused("-gevent with -sim: gevent runs on this machine's kernel only")
	}
	if !slices.Contains(poll.Names(), o.poller) {
		tool.Misused("-poller %s: choose one of %s", o.poller, strings.Join(poll.Names(), ", "))
	}
	if err := run(o); err != nil {
		tool.Failed(err)
	}
}

func run(o options) error {
	title, load := "Document 000: server and clients in one process", "all on one thread of this process, over 127.0.0.1"
	if o.simulated {
		title, load = "Document 000 on the simulated kernel", "all on one thread of this process, and the network in its memory"
	}
	result := measure.New(title, load)
	play, subject := onMachine, "here"
	if o.simulated {
		play, subject = onPaper, "simulated"
	} else if clients, limit := fit(o.clients, descriptors(o.poller)); limit != "" && clients > 0 {
		fmt.Fprintf(os.Stderr, "%d clients of %d: %s\n", clients, o.clients, limit)
	}
	python, err := "", error(nil)
	if o.gevent {
		if python, err = findGevent(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	var rounds, gevents []round
	for i := range o.rounds {
		r, err := play(o, result.Environment.MemoryBytes)
		if err != nil {
			return err
		}
		if i > 0 {
			r.peak = 0 // it is that of the first, in whose memory the others run
		}
		rounds = append(rounds, r)
		if python == "" {
			continue
		}
		if r, err = onGevent(python, r.clients); err != nil {
			return err
		}
		gevents = append(gevents, r)
	}
	if err := show(os.Stdout, rounds, gevents); err != nil {
		return err
	}
	if o.gevent {
		goals(os.Stdout, rounds, gevents)
	}
	if o.file == "" {
		return nil
	}
	for i, r := range rounds {
		r.record(result, subject)
		if gevents != nil {
			gevents[i].record(result, "gevent")
		}
		in2009.record(result, "document-000")
	}
	return result.Save(o.file, os.Stdout)
}
