// Command waitcost measures what one Wait costs while more and more descriptors are watched and idle, with
// every poller of this system: two straight lines and one flat one.
//
// One descriptor is ready all the time, the idle ones never; so each Wait returns at once, with one event, and
// what it costs beyond that is the price of those that say nothing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// counts are of idle descriptors. select ends in between.
var counts = []int{10, 30, 100, 300, 900, 3000, 10_000}

const mostRounds = 100

func main() {
	flags := flag.NewFlagSet("waitcost", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are told in one line
	file := flags.String("json", "", "write the values to `FILE`, in the form of docs/results")
	rounds := flags.Int("rounds", 5, "measure everything `N` times, interleaved")
	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print("waitcost: what a Wait costs beside idle descriptors\n\nFlags:\n")
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return
	case err != nil:
		stop(2, "%v (-h lists the flags)", err)
	case flags.NArg() > 0:
		stop(2, "unexpected %q: everything is said with flags (-h lists them)", flags.Arg(0))
	case *rounds < 1 || *rounds > mostRounds:
		stop(2, "-rounds %d: choose from 1 to %d (-h lists the flags)", *rounds, mostRounds)
	}
	costs, err := run(counts, *rounds)
	if err != nil {
		stop(1, "%v", err)
	}
	show(os.Stdout, costs)
	if *file == "" {
		return
	}
	result := measure.New("What one Wait costs, beside idle descriptors",
		"one thread that waits; one descriptor is ready, the idle ones are UDP sockets")
	for _, c := range costs {
		for _, value := range c.microseconds {
			result.AddAt(c.poller, "wait", "µs", float64(c.idle), "idle descriptors", value)
		}
	}
	if err := result.Write(*file); err != nil {
		stop(1, "%v", err)
	}
	fmt.Printf("\nwritten to %s\n", *file)
}

func stop(status int, format string, a ...any) {
	fmt.Fprintf(os.Stderr, "waitcost: %s\n", fmt.Sprintf(format, a...))
	os.Exit(status)
}

// show prints the median of each cost, one row for each count.
func show(out io.Writer, costs []cost) {
	fmt.Fprintln(out, "microseconds for one Wait that returns one event:")
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "idle descriptors\t%s\t\n", strings.Join(poll.Names(), "\t"))
	for _, idle := range counts {
		fmt.Fprintf(table, "%d\t", idle)
		for _, name := range poll.Names() {
			at := slices.IndexFunc(costs, func(c cost) bool { return c.poller == name && c.idle == idle })
			switch {
			case at >= 0:
				fmt.Fprintf(table, "%.2f\t", median(costs[at].microseconds))
			case idle+few > sock.DescriptorLimit():
				fmt.Fprint(table, "too few descriptors here\t")
			default:
				fmt.Fprint(table, "beyond its end\t")
			}
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
