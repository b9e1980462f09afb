// Command nagle shows what an answer in two writes costs, and two cures: TCP_NODELAY, or one write.
//
// It serves hello to itself, on one connection for each way to write, and prints the median request of each.
// Package experiment says why, and its test asserts it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

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
	flags := flag.NewFlagSet("nagle", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	requests := flags.Int("requests", 20, "make `N` requests for each way to write, 3 to 100")
	rounds := flags.Int("rounds", 3, "repeat all `N` times, 1 to 10")
	file := flags.String("json", "", "write the figures to `FILE` too")
	flags.Usage = func() {
		fmt.Print("nagle: what an answer in two writes costs\n\nFlags:\n")
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
	}
	err := flags.Parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		misused(err.Error())
	case flags.NArg() > 0:
		misused(fmt.Sprintf("unexpected %q: everything is said with flags", flags.Arg(0)))
	case *requests < 3 || *requests > mostRequests:
		misused(fmt.Sprintf("-requests %d: choose from 3 to %d", *requests, mostRequests))
	case *rounds < 1 || *rounds > mostRounds:
		misused(fmt.Sprintf("-rounds %d: choose from 1 to %d", *rounds, mostRounds))
	}
	if err := run(os.Stdout, *requests, *rounds, *file); err != nil {
		fmt.Fprintf(os.Stderr, "nagle: %v\n", err)
		os.Exit(1)
	}
}

func misused(what string) {
	fmt.Fprintf(os.Stderr, "nagle: %s (-h lists the flags)\n", what)
	os.Exit(2)
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
	if err := table.Flush(); err != nil || file == "" {
		return err
	}
	if err := figures.Write(file); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nwrote %s\n", file)
	return err
}
