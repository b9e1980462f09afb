package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A full run is made of parts: workloads that are measured in the same rounds, because one is divided by the
// other. Each part writes its files when it ends, so that a run that is cut short has lost one part; and with
// -resume the next run leaves out what is there.

// parts are the workloads, as they are measured together. A quick run is one part: it has nothing to lose, and
// its time is for all of them.
func (r *run) parts() (parts [][]workload) {
	if r.quick && len(r.workloads) > 0 {
		return [][]workload{r.workloads}
	}
	at := map[string]int{}
	for _, w := range r.workloads {
		i, begun := at[w.part]
		if !begun {
			i, parts = len(parts), append(parts, nil)
			at[w.part] = i
		}
		parts[i] = append(parts[i], w)
	}
	return parts
}

// part measures some workloads together, writes their files and prints their tables.
func (r *run) part(ctx context.Context, workloads []workload, stdout io.Writer) error {
	r.describe(workloads)
	if err := r.rounds(ctx, workloads); err != nil {
		return err
	}
	for _, w := range workloads {
		result := r.results[w.name]
		if len(result.Measurements) == 0 {
			continue
		}
		if r.out != "" {
			if err := result.write(r.out, w.name); err != nil {
				return fmt.Errorf("cannot write the results (%w): choose another -out", err)
			}
		}
		published, _ := readResult(filepath.Join(r.published, w.name+".json")) // none yet, or of an older form: then nothing stands beside
		table(stdout, result, published)
	}
	return nil
}

// resume takes over the results of earlier runs of this command, and returns the workloads that are still to be
// measured: all of a part, if one of them is.
func (r *run) resume() (left []workload) {
	var kept []string
	for _, part := range r.parts() {
		found := map[string]*result{}
		for _, w := range part {
			if old, err := readResult(filepath.Join(r.out, w.name+".json")); err == nil && r.isOf(old, &w) {
				found[w.name] = old
			}
		}
		if len(found) < len(part) || !ofOneRun(found) {
			left = append(left, part...)
			continue
		}
		for name, old := range found {
			r.results[name] = old
			kept = append(kept, name)
		}
	}
	if slices.Sort(kept); len(kept) > 0 {
		r.show.say("%s: measured already, of this commit and by this command", strings.Join(kept, ", "))
	}
	r.ahead = r.expected(left)
	return left
}

// noCommit is what package measure calls a commit that it cannot find out.
const noCommit = "unknown"

// isOf tells whether an old result is what this run would measure: made by the same command from the same
// commit, and with every server. With changes on top of a commit nobody knows.
func (r *run) isOf(old *result, w *workload) bool {
	if old.Command != r.command || old.Environment.Commit != r.here.Commit || r.here.Commit == noCommit || r.here.Changed() {
		return false
	}
	return !slices.ContainsFunc(r.deck([]workload{*w}), func(c cell) bool {
		m := old.find(c.subject.name, "cpu", c.idle)
		return m == nil || len(m.Values) < r.mode.rounds
	})
}

// ofOneRun tells whether results were measured in the same rounds: a part has one date.
func ofOneRun(results map[string]*result) bool {
	var dates []time.Time
	for _, r := range results {
		dates = append(dates, r.Environment.Date)
	}
	return len(slices.CompactFunc(dates, time.Time.Equal)) <= 1
}

// An expectation is how long measurements take on a machine that has nothing else to do. Only its share of the
// whole counts, so that a slow machine's time left is right, too.
type expectation struct {
	cells int
	time  time.Duration
}

const (
	starting = 300 * time.Millisecond // a server and its clients, and their end
	joining  = 150 * time.Microsecond // a client that connects and has its first answers
)

func (e *expectation) add(c *cell, load time.Duration) {
	e.cells++
	e.time += starting + time.Duration(c.clients+c.idle)*joining + c.subject.warming + load
}

func (e expectation) share(of expectation) float64 {
	return float64(e.time) / float64(max(1, of.time))
}

// expected is what all rounds of some workloads will take.
func (r *run) expected(workloads []workload) (all expectation) {
	for range r.mode.rounds {
		for _, c := range r.deck(workloads) {
			all.add(&c, r.mode.load)
		}
	}
	return all
}
