package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// compare prints which servers have become slower or faster between two directories of results. What is
// compared is the CPU time as a multiple of the floor's in the same round, so that the two may come from a
// machine in different moods, though not from two machines.
func compare(out io.Writer, from, to string) (slower bool, err error) {
	names, err := filepath.Glob(filepath.Join(to, "*.json"))
	if err != nil || len(names) == 0 {
		return false, fmt.Errorf("%w: there are no results in %s: measure with bench -out %s", errUsage, to, to)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "workload\tserver\told × %[1]s\tnew × %[1]s\tnew/old\t\n", reference[0].name)
	compared := 0
	for _, name := range names {
		newer, err := readResult(name)
		if err != nil {
			return false, err
		}
		older, err := readResult(filepath.Join(from, filepath.Base(name)))
		if err != nil {
			continue // measured for the first time
		}
		if a, b := older.Environment, newer.Environment; a.CPU != b.CPU || a.Cores != b.Cores {
			return false, fmt.Errorf("%s was measured on %s with %d cores, and now on %s with %d: compare results of one machine",
				filepath.Base(name), a.CPU, a.Cores, b.CPU, b.Cores)
		}
		for i := range newer.Measurements {
			m := &newer.Measurements[i]
			if m.Quantity != "cpu" || slices.Contains(subjectNames(reference), m.Subject) {
				continue
			}
			at := idleOf(m)
			was, errOld := older.times(m.Subject, at)
			is, errNew := newer.times(m.Subject, at)
			if errOld != nil || errNew != nil {
				continue
			}
			before, errBefore := older.noise(at)
			now, errNow := newer.noise(at)
			if errBefore != nil || errNow != nil {
				continue
			}
			compared++
			verdict := judge(was, is, max(before, now))
			slower = slower || verdict == verdictSlower
			fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f\t%.2f\t%s\n", place(name, at), m.Subject, was.median, is.median, is.median/was.median, verdict)
		}
	}
	w.Flush()
	if compared == 0 {
		return false, fmt.Errorf("%s and %s have no server in common: measure both with the same flags", from, to)
	}
	return slower, nil
}

func place(name string, at int) string {
	name = filepath.Base(name[:len(name)-len(".json")])
	if at > 0 {
		name += fmt.Sprintf(" at %d", at)
	}
	return name
}

// times is a subject's CPU time as a multiple of the reference's.
func (r *result) times(subject string, at int) (summary, error) {
	return ratio(r.find(subject, "cpu", at), r.find(reference[0].name, "cpu", at))
}

const (
	verdictSlower = "slower"
	verdictFaster = "faster"
	verdictSame   = "undecided"
)

// judge calls a difference one only if all rounds agree on it, and if it is greater than what the same server
// differs from itself.
func judge(was, is summary, least float64) string {
	switch change := is.median/was.median - 1; {
	case is.least > was.most && change > least:
		return verdictSlower
	case is.most < was.least && -change > least:
		return verdictFaster
	}
	return verdictSame
}
