package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// compare gives every design the same load, in rounds, and prints what a connection costs.
func compare(out io.Writer, s settings, r *measure.Result) error {
	all := map[string][]seen{}
	for range s.rounds {
		for _, d := range designs {
			one, err := measured(s, d)
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			all[d.name] = append(all[d.name], one)
		}
	}
	report(out, s, r, all)
	return nil
}

// report prints what was seen of every design, a value for each round, and adds it to the result.
func report(out io.Writer, s settings, r *measure.Result, all map[string][]seen) {
	cells := []string{"design\tCPU µs/connection\tmore than sequential\tsleeps/connection\tof them for nothing\tconnections by worker\t"}
	for _, d := range designs {
		for _, one := range all[d.name] {
			r.Add(d.name, "cpu", "µs", one.cost)
			r.Add(d.name, "share-least", "%", one.least())
			r.Add(d.name, "share-most", "%", one.most())
			r.Add(d.name, "sleeps", "per connection", one.sleeps)
			if one.counted {
				r.Add(d.name, "woken-for-nothing", "per connection", one.empty)
			}
		}
		last, herd := all[d.name][s.rounds-1], "\t"
		if last.counted {
			herd = fmt.Sprintf("%.2f\t", last.empty)
		}
		cells = append(cells, fmt.Sprintf("%s\t%.0f\t%+.0f\t%.1f\t%s%s\t%s", d.name, median(costs(all[d.name])),
			median(costs(all[d.name]))-median(costs(all[designs[0].name])), last.sleeps, herd, last.histogram(), d.note))
	}
	command.Table(out, fmt.Sprintf("One load for every design: %d connections, %d at a time, %d workers where there are several (median of %d rounds)",
		s.requests, clients, s.workers, s.rounds), cells...)
	var extra []float64 // round by round, so that what disturbs a round disturbs both
	for round, handed := range all["handoff"] {
		extra = append(extra, handed.cost-all["shared"][round].cost)
		r.Add("handing-over", "extra", "µs", extra[round])
	}
	fmt.Fprintf(out, "handing a connection over costs %.0f µs beside accepting it in a worker\n\n", median(extra))
}

func costs(all []seen) (costs []float64) {
	for _, one := range all {
		costs = append(costs, one.cost)
	}
	return costs
}

// seen is what one design did with one load.
type seen struct {
	cost    float64        // CPU for a connection, µs
	sleeps  float64        // for a connection, with one client at a time: everybody sleeps when it comes
	workers map[string]int // connections by the process that answered
	counted bool           // the workers told how often they were woken for nothing
	empty   float64        // that, for a connection, with one client at a time
}

// idleRequests are those of the one client who comes when everybody sleeps: then the herd is largest.
const idleRequests = 200

// measured starts a design three times: for nothing, which is what starting and stopping costs; for the load;
// and for one client after the other.
func measured(s settings, d design) (one seen, err error) {
	run := func(n, most int) (said string, used usage, err error) {
		return serveOnce(d.command(s, s.workers, "-app", "pid"), func(address string) error {
			bodies, err := connections(address, n, most)
			if most == clients {
				one.workers = bodies
			}
			return err
		})
	}
	_, nothing, err := run(0, 0)
	if err != nil {
		return one, err
	}
	_, used, err := run(s.requests, clients)
	if err != nil {
		return one, err
	}
	one.cost = float64(used.less(nothing).cpu.Nanoseconds()) / 1e3 / float64(s.requests)
	said, used, err := run(s.idle, 1)
	one.sleeps = float64(used.less(nothing).sleeps) / float64(s.idle)
	one.empty, one.counted = herd(said, s.idle)
	return one, err
}

var woken = regexp.MustCompile(`woken-for-nothing=(\d+)`)

// herd adds up what the workers said at their end.
func herd(said string, requests int) (perConnection float64, counted bool) {
	sum := 0
	for _, match := range woken.FindAllStringSubmatch(said, -1) {
		n, _ := strconv.Atoi(match[1])
		sum, counted = sum+n, true
	}
	return float64(sum) / float64(requests), counted
}

// shares are the workers' connections, the most first.
func (s seen) shares() (shares []int, total int) {
	for _, n := range s.workers {
		shares, total = append(shares, n), total+n
	}
	slices.Sort(shares)
	slices.Reverse(shares)
	return shares, total
}

func (s seen) most() float64 {
	shares, total := s.shares()
	return 100 * float64(shares[0]) / float64(total)
}

func (s seen) least() float64 {
	shares, total := s.shares()
	return 100 * float64(shares[len(shares)-1]) / float64(total)
}

// histogram draws a bar for each worker, an eighth of the height for an eighth of the connections.
func (s seen) histogram() string {
	shares, total := s.shares()
	if len(shares) > 64 {
		return fmt.Sprintf("%d processes", len(shares))
	}
	var bars, percent strings.Builder
	for _, n := range shares {
		bars.WriteRune([]rune("▁▂▃▄▅▆▇█")[min(7, 8*n/total)])
		fmt.Fprintf(&percent, " %.0f%%", 100*float64(n)/float64(total))
	}
	return bars.String() + percent.String()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
