// Command loss measures what clients miss between two polls, and that a cursor ends it.
//
// Some clients wait as in 2009 (GET /wait) and others with a cursor (GET /events?since=). Each answer keeps a client
// away for a while, as a network and a page would, and then it asks again. Meanwhile somebody publishes, at
// random moments. What comes while a client of 2009 is away, that client never hears of; the fraction is the share
// of its time in which it is away, which for a rate r and an absence of a mean of a is r·a/(1+r·a). Both kinds of
// clients are at the same server at the same time, and every message is counted at every client.
//
// What this command does not do: it cuts no connection and restarts no server. What is lost here is lost with
// everything in order.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/05-comet/swarm"
)

// Bounds of what may be asked for: a load that is small beside what the server can do.
const (
	mostClients = 1000
	mostRate    = 1000.0 // messages a second
	longestAway = 10 * time.Second
	longestTime = 10 * time.Minute
	mostPairs   = 16 // of a rate and an absence: each has a server of its own, all at the same time
)

type options struct {
	serve   string
	clients int
	time    time.Duration
	file    string
	pairs   []pair
}

// A pair is one row of the table.
type pair struct {
	rate float64       // messages a second
	away time.Duration // between an answer and the next question, in the mean
}

// expected is the fraction that a client of 2009 misses.
func (p pair) expected() float64 {
	x := p.rate * p.away.Seconds()
	return x / (1 + x)
}

func main() {
	var o options
	tool := command.NewTool("loss", "what clients miss between two polls, in 2009's contract and with a cursor")
	tool.StringVar(&o.serve, "serve", "bin/comet -addr {addr}", "measure the server that `COMMAND` starts")
	tool.IntVar(&o.clients, "clients", 50, "`N` clients of each kind")
	tool.DurationVar(&o.time, "time", 20*time.Second, "publish for this `TIME`")
	rates := tool.String("rates", "1,10", "publish so many `MESSAGES` a second, in the mean")
	absences := tool.String("away", "50ms,150ms", "a client is away for these `TIMES` between two polls, in the mean")
	tool.StringVar(&o.file, "json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "clients", o.clients, 1, mostClients)
	command.Between(tool, "time", o.time, time.Second, longestTime)
	for word := range strings.SplitSeq(*rates, ",") {
		rate, err := strconv.ParseFloat(word, 64)
		if err != nil || !(rate > 0 && rate <= mostRate) {
			tool.Misused("-rates %s: write numbers above 0 and up to %g with commas between them, as in 1,10", *rates, mostRate)
		}
		for word := range strings.SplitSeq(*absences, ",") {
			away, err := time.ParseDuration(word)
			if err != nil || away < 0 || away > longestAway {
				tool.Misused("-away %s: write times up to %v with commas between them, as in 50ms,150ms", *absences, longestAway)
			}
			o.pairs = append(o.pairs, pair{rate, away})
		}
	}
	if len(o.pairs) > mostPairs {
		tool.Misused("%d pairs of a rate and an absence: choose at most %d", len(o.pairs), mostPairs)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, o); err != nil {
		tool.Failed(err)
	}
}

// run measures all pairs at the same time, because most of the time everybody waits.
func run(ctx context.Context, out io.Writer, o options) error {
	fmt.Fprintf(os.Stderr, "%d servers, each with %d clients of either kind, for %v\n", len(o.pairs), o.clients, o.time)
	outcomes, failures := make([]outcome, len(o.pairs)), make([]error, len(o.pairs))
	var all sync.WaitGroup
	for i, p := range o.pairs {
		all.Go(func() { outcomes[i], failures[i] = one(ctx, o, p) })
	}
	all.Wait()
	figures := measure.New("Messages that clients miss between two polls",
		fmt.Sprintf("%d clients of each kind, %v of messages at random moments, server and clients on the same machine", o.clients, o.time))
	for i, p := range o.pairs {
		if failures[i] != nil {
			return fmt.Errorf("%g messages a second, away for %v: %w", p.rate, p.away, failures[i])
		}
		outcomes[i].add(figures, p)
	}
	show(out, o.pairs, outcomes)
	return figures.Save(o.file, out)
}

// one measures a pair, at a server of its own.
func one(ctx context.Context, o options, p pair) (outcome, error) {
	server, err := swarm.StartServer(ctx, o.serve, io.Discard)
	if err != nil {
		return outcome{}, err
	}
	result, err := newExperiment(ctx, server.URL, o, p).run()
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	return result, err
}

func show(out io.Writer, pairs []pair, outcomes []outcome) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "messages\ta client\t/wait\t\t/events\t\t\n")
	fmt.Fprintf(table, "a second\tis away\tmissed\texpected\tmissed\tdoubled\t\n")
	for i, p := range pairs {
		fmt.Fprintf(table, "%g\t%v\t%.1f %%\t%.1f %%\t%d of %d\t%d\t\n", p.rate, p.away,
			100*outcomes[i].missed(), 100*p.expected(), outcomes[i].cursor.missed, outcomes[i].cursor.sent, outcomes[i].cursor.doubled)
	}
	table.Flush()
}
