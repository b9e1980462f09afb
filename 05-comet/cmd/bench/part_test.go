package main

import (
	"io"
	"slices"
	"testing"
	"time"

	"example.com/c10k/01-blocking/measure"
)

// What is divided by each other is one part, and every workload is in one; a quick run has one part.
func TestParts(t *testing.T) {
	r := &run{workloads: workloads}
	var names []string
	for _, part := range r.parts() {
		for _, w := range part {
			names = append(names, w.name)
			if w.part != part[0].part {
				t.Errorf("%s and %s are measured together", w.name, part[0].name)
			}
		}
	}
	want := workloadNames()
	if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("the parts are of %q, want %q", names, want)
	}
	if parts := (&run{options: options{quick: true}, workloads: workloads}).parts(); len(parts) != 1 || len(parts[0]) != len(workloads) {
		t.Errorf("a quick run has %d parts", len(parts))
	}
}

// A part is left out if all of it is there, of the same commit, command and rounds, with every server; otherwise the whole of
// it is measured.
func TestResume(t *testing.T) {
	const commit, command = "0123456789ab", "bin/bench -out here"
	find := func(name string) workload {
		return workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })]
	}
	kept, other := []workload{find("hello"), find("hello-1000")}, find("hello-pipelined")
	good := func() *result {
		r := &result{Schema: measure.Schema, Command: command}
		r.Environment.Commit, r.Environment.Date = commit, time.Unix(1e9, 0).UTC()
		for _, s := range reference {
			r.Measurements = append(r.Measurements, measured(s.name, 0, 1, 2, 3))
		}
		return r
	}
	for what, c := range map[string]struct {
		spoil func(a, b *result)
		of    string // the commit that is measured now
		kept  bool
	}{
		"nothing":         {func(_, _ *result) {}, commit, true},
		"another commit":  {func(a, _ *result) { a.Environment.Commit = "ba9876543210" }, commit, false},
		"changes":         {func(a, b *result) { a.Environment.Commit, b.Environment.Commit = "012345-dirty", "012345-dirty" }, "012345-dirty", false},
		"another command": {func(_, b *result) { b.Command = "bin/bench -time 9s" }, commit, false},
		"fewer rounds":    {func(_, b *result) { b.Measurements[1].Values = []float64{1, 2} }, commit, false},
		"a server less":   {func(a, _ *result) { a.Measurements = a.Measurements[:1] }, commit, false},
		"two runs":        {func(a, _ *result) { a.Environment.Date = a.Environment.Date.Add(time.Hour) }, commit, false},
		"another form":    {func(_, b *result) { b.Schema++ }, commit, false},
	} {
		out, a, b := t.TempDir(), good(), good()
		c.spoil(a, b)
		for name, r := range map[string]*result{"hello": a, "hello-1000": b} {
			if err := r.write(out, name); err != nil {
				t.Fatal(err)
			}
		}
		r := &run{mode: mode{rounds: 3}, options: options{out: out, command: command}, here: measure.Environment{Commit: c.of}, subjects: reference,
			workloads: append(slices.Clone(kept), other), results: map[string]*result{}, show: newProgress(io.Discard)}
		var left []string
		for _, w := range r.resume() {
			left = append(left, w.name)
		}
		want := []string{"hello", "hello-1000", "hello-pipelined"}
		if c.kept {
			want = want[2:]
		}
		if !slices.Equal(left, want) || len(r.results) != 3-len(want) {
			t.Errorf("%s differs: %q are measured again, want %q; %d results are taken over", what, left, want, len(r.results))
		}
	}
}

// The time that is left is a share of what is expected, and all of it has gone when all is done.
func TestExpectation(t *testing.T) {
	r := &run{mode: mode{rounds: 2, load: time.Second}, subjects: reference, workloads: workloads}
	all, gone := r.expected(workloads), expectation{}
	for range r.mode.rounds {
		for _, c := range r.deck(workloads) {
			gone.add(&c, r.mode.load)
		}
	}
	if gone != all || gone.share(all) != 1 || (expectation{}).share(all) != 0 {
		t.Errorf("after all, %+v has gone of %+v", gone, all)
	}
	light, heavy := expectation{}, expectation{}
	light.add(&cell{&workloads[0], reference[0], 0}, time.Second)
	heavy.add(&cell{&workloads[0], reference[0], 10_000}, time.Second)
	if heavy.time <= light.time {
		t.Errorf("10,000 idle neighbours are expected to take %v, and none %v", heavy.time, light.time)
	}
}
