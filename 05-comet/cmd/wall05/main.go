// Command wall05 shows where the last stage ends: at one machine.
//
// It parks some thousands of clients at comet, in several sizes, and measures what one more of them costs: memory
// of the program, memory of the kernel, processor time, and time until a notification has reached the last. What
// grows in a straight line can be computed for a hundred thousand and for a million, and so can the number of
// clients at which this machine is full. What is measured and what is computed stand apart in the tables.
//
// What this command does not do: it does not park a million clients. Where limits and memory allow it, swarm
// does (-n 1000000).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/05-comet/swarm"
)

// Bounds of what may be asked for. Below a hundred clients the base of a process hides what a client adds.
const (
	leastClients = 100
	mostClients  = 100_000
	mostRounds   = 20
)

type options struct {
	serve  string
	sizes  []int
	rounds int
	file   string
}

func main() {
	if swarm.IsChild() {
		os.Exit(swarm.Child(os.Stdin, os.Stdout))
	}
	var o options
	tool := command.NewTool("wall05", "what a waiting client costs, and where one machine ends")
	tool.StringVar(&o.serve, "serve", "bin/comet -addr {addr}", "measure the server that `COMMAND` starts")
	sizes := tool.String("sizes", "1000,2500,5000,10000", "park these `NUMBERS` of clients, one after the other")
	tool.IntVar(&o.rounds, "rounds", 3, "repeat all `N` times, interleaved")
	tool.StringVar(&o.file, "json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "rounds", o.rounds, 1, mostRounds)
	for word := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < leastClients || n > mostClients || slices.Contains(o.sizes, n) {
			tool.Misused("-sizes %s: write different numbers from %d to %d with commas between them, as in 1000,5000", *sizes, leastClients, mostClients)
		}
		o.sizes = append(o.sizes, n)
	}
	if len(o.sizes) < 2 {
		tool.Misused("-sizes %s: a line needs two points or more", *sizes)
	}
	slices.Sort(o.sizes)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, o); err != nil {
		stop()
		tool.Failed(err)
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	figures := measure.New("What a waiting client costs, and where one machine ends",
		fmt.Sprintf("%s; clients on the same machine", o.serve))
	kernel, unknown := kernelMemory() // first: what the runs free in the kernel would be used again
	var seen []sample
	for round := range o.rounds {
		for _, n := range o.sizes {
			fmt.Fprintf(os.Stderr, "round %d of %d: %d clients\n", round+1, o.rounds, n)
			s, err := park(ctx, o.serve, n)
			if err != nil {
				return fmt.Errorf("%d clients: %w", n, err)
			}
			seen = append(seen, s)
			s.add(figures)
		}
	}
	if unknown != nil {
		fmt.Fprintf(out, "(The kernel's memory is unknown: %v. It is left out below.)\n\n", unknown)
	}
	each := fit(seen, kernel)
	each.add(figures)
	if err := each.show(out, o, thisMachine()); err != nil {
		return err
	}
	return figures.Save(o.file, out)
}

// park lets n clients wait at a server of its own, notifies them, and returns what that took. A client that is
// lost or wrong is an error: then the figures say nothing.
func park(ctx context.Context, serve string, n int) (sample, error) {
	server, err := swarm.StartServer(ctx, serve, io.Discard)
	if err != nil {
		return sample{}, err
	}
	result, err := swarm.Run(ctx, swarm.Options{URL: server.URL, PID: server.PID(), Clients: n})
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	switch {
	case err != nil:
		return sample{}, err
	case !result.OK():
		return sample{}, fmt.Errorf("%d lost, %d wrong: run bin/swarm to see what happened", result.Lost, result.Wrong)
	case result.Server == nil || result.Note != "":
		return sample{}, fmt.Errorf("the server cannot be measured here: %s", result.Note)
	case result.Limited != "":
		return sample{}, fmt.Errorf("not so many here: %s; choose smaller -sizes", result.Limited)
	}
	return sample{
		clients: float64(n),
		memory:  result.Server.PerClient * float64(n),
		cpu:     result.Server.User + result.Server.System,
		last:    result.Last / 1000,
	}, nil
}
