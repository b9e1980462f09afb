// Command nagle shows what an answer in two writes costs, and two cures: TCP_NODELAY, or one write.
//
// It serves hello to itself, on one connection for each way to write, and prints the median request of each.
// Package experiment says why, and its test asserts it.
//
// What this command does not do: it says nothing of a network with a delay of its own, to which what is shown
// here is added; all of it runs on 127.0.0.1.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/experiment"
	"example.com/c10k/01-blocking/measure"
)

// Bounds of what may be asked for. A slow request takes 40 ms, so that the whole ends within 40 seconds.
const (
	mostRequests = 100
	mostRounds   = 10
)

// A way is how answers are written, under the name that the results have.
type way struct {
	name, words string
	nagle       experiment.Nagle
}

var ways = []way{
	{"two-writes", "two writes", experiment.Nagle{TwoWrites: true}},
	{"two-writes-nodelay", "two writes, TCP_NODELAY", experiment.Nagle{TwoWrites: true, NoDelay: true}},
	{"one-write", "one write", experiment.Nagle{}},
}

func main() {
	tool := command.NewTool("nagle", "what an answer in two writes costs")
	requests := tool.Int("requests", 20, "make `N` requests for each way to write, 3 to 100")
	rounds := tool.Int("rounds", 3, "repeat all `N` times, 1 to 10")
	file := tool.String("json", "", "write the figures to `FILE` too")
	tool.Parse()
	command.Between(tool, "requests", *requests, 3, mostRequests)
	command.Between(tool, "rounds", *rounds, 1, mostRounds)
	if err := run(os.Stdout, *requests, *rounds, *file); err != nil {
		tool.Failed(err)
	}
}

func run(out io.Writer, requests, rounds int, file string) error {
	figures := measure.New("An answer in one write and in two", "server and client in one process, loopback, one connection")
	medians, held := map[string][]time.Duration{}, map[string]int{}
	for range rounds {
		for _, w := range ways {
			result, err := w.nagle.Run(requests)
			if err != nil {
				return fmt.Errorf("%s: %w", w.words, err)
			}
			slices.Sort(result.Times)
			median := result.Times[len(result.Times)/2]
			medians[w.name] = append(medians[w.name], median)
			held[w.name] += result.Held
			figures.Add(w.name, "time", "ms", float64(median.Nanoseconds())/1e6)
			if result.Held >= 0 {
				figures.Add(w.name, "held", "answers", float64(result.Held))
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "an answer in\tmedian request\theld back\t")
	for _, w := range ways {
		waits := "not known here"
		if held[w.name] >= 0 {
			waits = fmt.Sprintf("%d of %d", held[w.name], rounds*requests)
		}
		slices.Sort(medians[w.name])
		fmt.Fprintf(table, "%s\t%.3f ms\t%s\t\n", w.words, float64(medians[w.name][rounds/2].Nanoseconds())/1e6, waits)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return figures.Save(file, out)
}
