package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// A goal is a bound for what is measured, or for its ratio to something that is measured in the same rounds.
type goal struct {
	what string // in words
	of   figure
	over *figure // divided by this, round by round; nil: the value itself
	most float64 // it is reached at this and below
}

// A figure is a quantity that is measured in a run.
type figure struct {
	workload, subject, quantity string
	at                          int
}

func cpu(workload, subject string) figure { return figure{workload, subject, "cpu", 0} }
func over(workload, subject string) *figure {
	f := cpu(workload, subject)
	return &f
}

// What a loop like our floor costs as a multiple of the same loop written in C, which few have installed beside
// it: 6.16 µs against 6.10 for a request on a kept connection, 26.1 against 23.3 for one with its own. Measured
// with wrk -c50 and with ab -c50 on 2 cores, Linux 6.18, Go 1.26.8, server on CPU 0, load on CPU 1; both change with
// the machine, and -add takes a floor of your own into the rounds. A goal against the floor in C is stated here
// against ours: divided by this.
const (
	floorOverC      = 6.16 / 6.10
	floorOverCClose = 26.1 / 23.3
)

// goals are what the stages must reach. Each says what it stands for; a figure in µs would be one machine's.
var goals = []goal{
	{"coroutines, kept connections: 1.08 × the floor in C",
		cpu("hello", "coroutines"), over("hello", "floor"), 1.08 / floorOverC},
	{"coroutines, kept connections: not above nginx",
		cpu("hello", "coroutines"), over("hello", "nginx"), 1},
	{"coroutines, asked by wrk: 1.08 × the floor in C",
		cpu("hello-wrk", "coroutines"), over("hello-wrk", "floor"), 1.08 / floorOverC},
	{"coroutines, asked by wrk: not above nginx",
		cpu("hello-wrk", "coroutines"), over("hello-wrk", "nginx"), 1},
	{"selectors, kept connections: 1.05 × the floor in C",
		cpu("hello", "selectors"), over("hello", "floor"), 1.05 / floorOverC},
	{"selectors, asked by wrk: 1.05 × the floor in C",
		cpu("hello-wrk", "selectors"), over("hello-wrk", "floor"), 1.05 / floorOverC},
	{"coroutines, a connection a request, not deferred: 1.10 × the floor in C",
		cpu("hello-close", "coroutines-immediate"), over("hello-close", "floor"), 1.10 / floorOverCClose},
	{"coroutines, a connection a request, deferred: 1.2 × the floor in C",
		cpu("hello-close", "coroutines"), over("hello-close", "floor-deferred"), 1.2 / floorOverCClose},
	{"coroutines, a connection a request, deferred: not above nginx",
		cpu("hello-close", "coroutines"), over("hello-close", "nginx-deferred"), 1},
	{"coroutines, asked by ab, not deferred: 1.10 × the floor in C",
		cpu("hello-ab", "coroutines-immediate"), over("hello-ab", "floor"), 1.10 / floorOverCClose},
	{"coroutines, asked by ab, deferred: 1.2 × the floor in C",
		cpu("hello-ab", "coroutines"), over("hello-ab", "floor-deferred"), 1.2 / floorOverCClose},
	{"coroutines, asked by ab, deferred: not above nginx",
		cpu("hello-ab", "coroutines"), over("hello-ab", "nginx-deferred"), 1},
	{"coroutines, 16 pipelined: 0.6 µs where the floor in C takes 0.45",
		cpu("hello-pipelined", "coroutines"), over("hello-pipelined", "floor"), 0.6 / 0.45},
	{"coroutines, 1,000 connections: 1.05 × 50 of them",
		cpu("hello-1000", "coroutines"), over("hello", "coroutines"), 1.05},
	{"coroutines, 10,000 idle neighbours: 1.05 × none",
		figure{"idle", "coroutines", "cpu", 10_000}, over("idle", "coroutines"), 1.05},
	{"prefork with one worker, kept connections: 1.1 × coroutines",
		cpu("hello", "prefork"), over("hello", "coroutines"), 1.1},
	{"prefork with one worker, a connection a request: 1.1 × coroutines",
		cpu("hello-close", "prefork"), over("hello-close", "coroutines"), 1.1},
	{"comet, 10,000 waiters: not above nchan",
		cpu("comet-10000", "comet"), over("comet-10000", "nchan"), 1},
	// where nchan is not installed: it took 0.346 s of CPU where the floor in C took 0.289, on that same machine
	{"comet, 10,000 waiters: nchan's 1.20 × the floor in C",
		cpu("comet-10000", "comet"), over("comet-10000", "floor"), 0.346 / 0.289},
	{"comet, 10,000 waiters: 3,200 bytes each",
		figure{"comet-10000", "comet", "memory", 0}, nil, 3200},
}

const (
	verdictMet    = "met"
	verdictMissed = "missed"
)

// judged is what the rounds say of a goal; false if it was not measured. It is decided if the interval of the median
// lies on one side of the bound, and if the median is further from it than the same server is from itself.
func (g *goal) judged(results map[string]*result) (s summary, verdict string, measured bool) {
	m := g.of.in(results)
	if m == nil {
		return s, "", false
	}
	values := m.Values
	if g.over != nil {
		if other := results[g.over.workload]; other == nil || !other.Environment.Date.Equal(results[g.of.workload].Environment.Date) {
			return s, "", false // not of the same rounds
		}
		var err error
		if values, err = ratios(m, g.over.in(results)); err != nil {
			return s, "", false
		}
	}
	s, known := interval(values)
	if g.over != nil {
		noise, err := results[g.of.workload].noise(g.of.at)
		known = known && err == nil && math.Abs(s.median/g.most-1) > noise
	}
	switch {
	case known && s.most <= g.most:
		return s, verdictMet, true
	case known && s.least > g.most:
		return s, verdictMissed, true
	}
	return s, verdictSame, true
}

func (f *figure) in(results map[string]*result) *measurement {
	if r := results[f.workload]; r != nil {
		return r.find(f.subject, f.quantity, f.at)
	}
	return nil
}

// printGoals says which goals were reached, as far as they were measured; of the others it returns what they are.
func printGoals(out io.Writer, results map[string]*result) (measured int, silent []string) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "goal\tat most\tmeasured\tinterval\t")
	undecided := 0
	for _, g := range goals {
		if s, verdict, ok := g.judged(results); !ok {
			silent = append(silent, g.what)
		} else {
			measured++
			if verdict == verdictSame {
				undecided++
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s to %s\t%s\n", g.what, number(g.most), number(s.median), number(s.least), number(s.most), verdict)
		}
	}
	w.Flush()
	if measured > 0 {
		fmt.Fprintf(out, "\nGoals: met or missed if the median is on one side of the bound with %.0f %% confidence, and by more than the noise\n\n%s", 100*confidence, &text)
		fmt.Fprintln(out, "\nA bound against the floor in C is printed as one against the floor in Go, which is measured here.")
	}
	if undecided > 0 {
		fmt.Fprintf(out, "%d are undecided, as the rounds lie on both sides or within the noise: stop other programs, and measure longer (-rounds 9)\n", undecided)
	}
	return measured, silent
}

// judgeDirectory prints the goals for results that were written, one run of bench or several. Those of different
// runs are not of the same rounds, and are not divided by each other.
func judgeDirectory(out io.Writer, directory string) error {
	results := map[string]*result{}
	for _, w := range workloads {
		if r, err := readResult(filepath.Join(directory, w.name+".json")); err == nil {
			results[w.name] = r
		}
	}
	measured, silent := printGoals(out, results)
	if measured == 0 {
		return fmt.Errorf("%w: there is nothing in %s that a goal is about: measure with bench -out %s", errUsage, directory, directory)
	}
	if len(silent) > 0 {
		fmt.Fprintf(out, "\nNot measured here, or not in the same rounds:\n  %s\n", strings.Join(silent, "\n  "))
	}
	return nil
}

// printAgreement compares, round by round, what a request cost that our load made with what it cost when a
// tool made it.
func printAgreement(out io.Writer, results map[string]*result) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "server\tasked by\tits µs\tour µs\tour/its\tinterval\t\t")
	lines := 0
	for _, pair := range []struct{ tools, ours, by string }{{"hello-wrk", "hello", "wrk"}, {"hello-ab", "hello-close", "ab"}} {
		theirs, ours := results[pair.tools], results[pair.ours]
		if theirs == nil || ours == nil {
			continue
		}
		for i := range theirs.Measurements {
			m := &theirs.Measurements[i]
			mine := ours.find(m.Subject, "cpu", 0)
			if m.Quantity != "cpu" || mine == nil {
				continue
			}
			all, err := ratios(mine, m)
			if err != nil {
				continue
			}
			noise, err := ours.noise(0)
			if err != nil {
				continue
			}
			lines++
			s, known := interval(all)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%.2f to %.2f\t%s\t\n", m.Subject, pair.by, number(sumUp(m.Values).median),
				number(sumUp(mine.Values).median), s.median, s.least, s.most, agrees(s, known, noise))
		}
	}
	w.Flush()
	if lines > 0 {
		fmt.Fprintf(out, "\nCPU time of the server for a request of our load, and of other people's in the same rounds\n\n%s", &text)
	}
}

// agrees tells whether 1 lies in the interval, as widened by what the same server differs from itself.
func agrees(s summary, known bool, noise float64) string {
	switch {
	case !known:
		return verdictSame
	case s.least-noise <= 1 && 1 <= s.most+noise:
		return "agrees"
	}
	return "differs"
}
