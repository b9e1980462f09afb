// Command waitcost measures what one Wait costs while more and more descriptors are watched and idle, with
// every poller of this system: two straight lines and one flat one.
//
// One descriptor is ready all the time, the idle ones never; so each Wait returns at once, with one event, and
// what it costs beyond that is the price of those that say nothing.
//
// What this command does not do: it measures no Set, and no Wait that has something to wait for.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// counts are of idle descriptors. select ends in between.
var counts = []int{10, 30, 100, 300, 900, 3000, 10_000}

const mostRounds = 100 // some minutes

func main() {
	tool := command.NewTool("waitcost", "what a Wait costs beside idle descriptors")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	rounds := tool.Int("rounds", 5, "measure everything `N` times, interleaved")
	tool.Parse()
	command.Between(tool, "rounds", *rounds, 1, mostRounds)
	costs, err := run(counts, *rounds)
	if err != nil {
		tool.Failed(err)
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
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
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
