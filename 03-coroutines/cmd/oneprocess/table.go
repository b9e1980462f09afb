package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"example.com/c10k/01-blocking/measure"
)

// A round is what one run took.
type round struct {
	clients   int
	used      used
	peak      int64         // bytes that were resident at most
	heap      uint64        // bytes, while all wait
	stacks    uint64        // bytes, too
	simulated time.Duration // what the simulated clock says of it; 0: it was a real one
}

// in2009 is what document 000 says of its run: Python on a MacBook Pro 13" with 2.53 GHz.
var in2009 = round{clients: 10_000,
	used: used{wall: 15_670 * time.Millisecond, user: 10_567 * time.Millisecond, system: 3_344 * time.Millisecond}}

// timed runs a crowd and says what that took. What it took to look at the memory is left out.
func timed(c *crowd, run func() error) (round, error) {
	begun := now()
	if err := run(); err != nil {
		return round{}, err
	}
	return round{clients: c.clients, peak: peak(), heap: c.seen.heap, stacks: c.seen.stacks,
		used: c.seen.parked.since(begun).plus(now().since(c.seen.resumed))}, nil
}

// record adds a round to a result.
func (r round) record(to *measure.Result, subject string) {
	add := func(quantity, unit string, value float64) {
		if value > 0 {
			to.Add(subject, quantity, unit, value)
		}
	}
	add("clients", "clients", float64(r.clients))
	add("user", "s", r.used.user.Seconds())
	add("system", "s", r.used.system.Seconds())
	add("cpu", "s", (r.used.user + r.used.system).Seconds())
	add("user-share", "%", r.used.share())
	add("wall", "s", r.used.wall.Seconds())
	add("memory", "MB", float64(r.peak)/1e6)
	add("heap", "B", float64(r.heap)/float64(r.clients)) // gevent's is not known, and 0 is not entered
	add("stacks", "B", float64(r.stacks)/float64(r.clients))
}

// show prints the medians of the rounds, beside 2009 and, if it ran, gevent. What it does not say of these is not
// known.
func show(out io.Writer, rounds, gevents []round) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	beside := [][]round{{in2009}}
	if gevents != nil {
		beside = append(beside, gevents)
	}
	line := func(name, format string, of func(round) float64) {
		cells := name + "\t" + fmt.Sprintf(format, middle(rounds, of)) + "\t"
		for _, others := range beside {
			if v := middle(others, of); v > 0 {
				cells += fmt.Sprintf(format, v) + "\t"
			} else {
				cells += "–\t"
			}
		}
		fmt.Fprintln(table, cells)
	}
	titles := "\there\t2009\t"
	if gevents != nil {
		titles += "gevent\t"
	}
	fmt.Fprintln(table, titles)
	line("clients", "%.0f", func(r round) float64 { return float64(r.clients) })
	line("user", "%.2f s", func(r round) float64 { return r.used.user.Seconds() })
	line("system", "%.2f s", func(r round) float64 { return r.used.system.Seconds() })
	line("user, of both", "%.0f %%", func(r round) float64 { return r.used.share() })
	line("wall", "%.2f s", func(r round) float64 { return r.used.wall.Seconds() })
	line("memory, at most", "%.0f MB", func(r round) float64 { return float64(r.peak) / 1e6 })
	line("stacks, a client", "%.0f B", func(r round) float64 { return float64(r.stacks) / float64(r.clients) })
	line("heap, a client", "%.0f B", func(r round) float64 { return float64(r.heap) / float64(r.clients) })
	if rounds[0].simulated > 0 {
		line("simulated time", "%.2f s", func(r round) float64 { return r.simulated.Seconds() })
	}
	return table.Flush()
}

// middle is the median of one quantity, of the rounds that have it.
func middle(rounds []round, of func(round) float64) float64 {
	var values []float64
	for _, r := range rounds {
		if v := of(r); v > 0 {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}
