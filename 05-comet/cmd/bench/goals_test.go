package main

import (
	"math"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/measure"
)

// The interval of the median is what the binomial distribution says, and unknown where that cannot be sure.
func TestInterval(t *testing.T) {
	for n, want := range map[int]struct {
		least, most float64
		known       bool
	}{
		1: {1, 1, false}, 4: {1, 4, false}, // 1 - 2/2^4 = 0.875
		5: {1, 5, true}, 7: {1, 7, true}, // 0.9375; and without the extremes of seven 1 - 2·8/2^7 = 0.875
		8: {2, 7, true}, 9: {2, 8, true}, // 1 - 2·9/2^8 = 0.93; 1 - 2·10/2^9 = 0.96
		20: {6, 15, true}, // 0.959; from the 7th to the 14th 0.885
	} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64((i*7)%n + 1) // in some order
			if n%7 == 0 {
				values[i] = float64(n - i)
			}
		}
		got, known := interval(values)
		if got.least != want.least || got.most != want.most || known != want.known {
			t.Errorf("of %d values: from %v to %v, known %v; want %+v", n, got.least, got.most, known, want)
		}
	}
}

// resultsOf are those of one workload, in which the floor takes 10 µs in every round.
func resultsOf(workload string, subjects map[string][]float64) map[string]*result {
	r := &result{Measurements: []measurement{measured("floor", 0, 10, 10, 10, 10, 10), measured("floor-again", 0, 10, 10, 10, 10, 10)}}
	for name, values := range subjects {
		r.Measurements = append(r.Measurements, measured(name, 0, values...))
	}
	return map[string]*result{workload: r}
}

// A goal is decided only if the whole interval is on one side of the bound, and is not spoken of if it was not measured.
func TestGoalIsDecidedByItsInterval(t *testing.T) {
	g := goal{"", cpu("hello", "coroutines"), over("hello", "floor"), 1.1}
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{10, 11, 10.5, 10.9, 10.8}, verdictMet},
		{[]float64{12, 11.1, 13, 12, 12}, verdictMissed},
		{[]float64{10, 10, 10, 10, 11.2}, verdictSame},
		{[]float64{10, 10, 10}, ""}, // not of the same rounds
	} {
		_, verdict, measured := g.judged(resultsOf("hello", map[string][]float64{"coroutines": c.values}))
		if verdict != c.want || measured != (c.want != "") {
			t.Errorf("%v: %q, %v; want %q", c.values, verdict, measured, c.want)
		}
	}
	noisy := resultsOf("hello", map[string][]float64{"coroutines": {10, 10.1, 10.2, 10.3, 10.4}})
	noisy["hello"].find("floor-again", "cpu", 0).Values = []float64{12, 8, 12, 8, 12} // a fifth away from itself
	if _, verdict, _ := g.judged(noisy); verdict != verdictSame {
		t.Errorf("6 %% below the bound where the noise is 20 %%: %s", verdict)
	}
	if _, _, measured := g.judged(resultsOf("idle", nil)); measured {
		t.Error("what was not measured is judged")
	}
	absolute := goal{"", figure{"comet-10000", "comet", "memory", 0}, nil, 3200}
	r := resultsOf("comet-10000", nil)
	for _, bytes := range []float64{3100, 3150, 3120, 3000, 3199} {
		r["comet-10000"].enter("comet", "memory", "bytes", 0, bytes)
	}
	if _, verdict, _ := absolute.judged(r); verdict != verdictMet {
		t.Errorf("a goal without a ratio is %s", verdict)
	}
}

// Every goal is about something that is measured: a misspelt one would never be heard of.
func TestGoalsAreMeasured(t *testing.T) {
	if reference[0].name != "floor" {
		t.Skip("the goals are about a floor in epoll, which this system does not have: run this on Linux")
	}
	check := func(what string, f figure) {
		for _, w := range workloads {
			for _, s := range subjects {
				if w.name != f.workload || s.name != f.subject || !w.serves(s) {
					continue
				}
				for _, at := range w.axis() {
					if at == f.at {
						return
					}
				}
			}
		}
		t.Errorf("%s: nothing measures %+v", what, f)
	}
	parts := map[string]string{}
	for _, w := range workloads {
		parts[w.name] = w.part
	}
	for _, g := range goals {
		check(g.what, g.of)
		if g.over != nil {
			check(g.what, *g.over)
			if a, b := parts[g.of.workload], parts[g.over.workload]; a != b {
				t.Errorf("%s: %s is measured in part %s and %s in part %s: not in the same rounds", g.what, g.of.workload, a, g.over.workload, b)
			}
		}
		if g.most <= 0 || math.IsNaN(g.most) {
			t.Errorf("%s: at most %v", g.what, g.most)
		}
	}
}

func TestGoalsOfADirectory(t *testing.T) {
	directory := t.TempDir()
	var out strings.Builder
	if err := judgeDirectory(&out, directory); err == nil || !strings.Contains(err.Error(), "measure with bench -out "+directory) {
		t.Errorf("of an empty directory it says %v", err)
	}
	r := resultsOf("hello", map[string][]float64{"coroutines": {10, 10, 10, 10, 10}, "selectors": {20, 20, 20, 20, 20}})["hello"]
	r.Schema = measure.Schema
	if err := r.write(directory, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := judgeDirectory(&out, directory); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "undecided") {
		t.Errorf("met and missed alone, and something is undecided:\n%s", &out)
	}
	for server, verdict := range map[string]string{"coroutines, kept": verdictMet, "selectors, kept": verdictMissed} {
		found := false
		for line := range strings.Lines(out.String()) {
			found = found || strings.HasPrefix(line, server) && strings.HasSuffix(strings.TrimSpace(line), " "+verdict)
		}
		if !found {
			t.Errorf("the goal of %s is not %s:\n%s", server, verdict, &out)
		}
	}
	// 1,000 connections are judged beside 50 of the same rounds, and not beside those of another day.
	for days, judged := range []bool{true, false} {
		r.Environment.Date = r.Environment.Date.AddDate(0, 0, days)
		if err := r.write(directory, "hello-1000"); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := judgeDirectory(&out, directory); err != nil {
			t.Fatal(err)
		}
		goals, silent, _ := strings.Cut(out.String(), "Not measured here")
		const name = "coroutines, 1,000 connections"
		if strings.Contains(goals, name) != judged || strings.Contains(silent, name) == judged {
			t.Errorf("%d days later, judged should be %v:\n%s", days, judged, &out)
		}
	}
}

// Two loads agree if the same request costs the same, noise apart.
func TestAgreement(t *testing.T) {
	for _, c := range []struct {
		s     summary
		known bool
		want  string
	}{
		{summary{1, 0.9, 1.1}, true, "agrees"},
		{summary{1.04, 1.02, 1.1}, true, "agrees"},
		{summary{1.2, 1.1, 1.3}, true, "differs"},
		{summary{0.8, 0.7, 0.9}, true, "differs"},
		{summary{1, 0.9, 1.1}, false, verdictSame},
	} {
		if got := agrees(c.s, c.known, 0.03); got != c.want {
			t.Errorf("%v, known %v: %s, want %s", c.s, c.known, got, c.want)
		}
	}
	all := resultsOf("hello", map[string][]float64{"x": {20, 20, 20, 20, 20}})
	all["hello-wrk"] = resultsOf("", map[string][]float64{"x": {25, 25, 25, 25, 25}})[""]
	var out strings.Builder
	printAgreement(&out, all)
	if want := "x wrk 25.0 20.0 0.80 0.80 to 0.80 differs"; !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
		t.Errorf("there is no %q in\n%s", want, &out)
	}
}
