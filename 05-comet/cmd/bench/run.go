package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/c10k/01-blocking/measure"
)

// A run is everything that is measured with one command.
type run struct {
	mode
	options
	workloads []workload
	subjects  []subject
	cores     cores
	described bool                // on the screen
	results   map[string]*result  // by the workload's name
	broken    map[string]bool     // by cell.key: failed once, and not measured again
	here      measure.Environment // with the commit that the results will be of
	show      *progress
	bin, self string

	behind, ahead expectation // what was measured, and all that is to be
}

// A cell is one measurement of one round.
type cell struct {
	*workload
	subject subject
	idle    int
}

// key is the same in all rounds.
func (c *cell) key() string { return fmt.Sprint(c.name, " ", c.idle, " ", c.subject.name) }

func (c *cell) String() string {
	if c.idle > 0 {
		return fmt.Sprintf("%s, %s, %d idle", c.subject.name, c.name, c.idle)
	}
	return c.subject.name + ", " + c.name
}

// measureAll is the whole of a run: part after part, its rounds, files and tables. Servers that failed are an error,
// after everything else was measured.
func measureAll(ctx context.Context, o options, stdout, stderr io.Writer) error {
	r, err := newRun(o, stderr)
	if err != nil {
		return err
	}
	r.ahead = r.expected(r.workloads)
	if r.ahead = r.expected(r.workloads); o.resume {
		r.workloads = r.resume()
	}
	for _, part := range r.parts() {
		if err := r.part(ctx, part, stdout); err != nil {
			return err
		}
	}
	if _, silent := printGoals(stdout, r.results); len(silent) > 0 && len(silent) < len(goals) {
		fmt.Fprintf(stdout, "\n%d more goals are about what was not measured now: without -quick, -run and -only it is\n", len(silent))
	}
	printAgreement(stdout, r.results)
	if o.out != "" {
		r.show.say("the results are in %s", o.out)
	}
	if len(r.broken) > 0 {
		return fmt.Errorf("%d of the servers failed under a load: look above for why", len(r.broken))
	}
	return nil
}

func newRun(o options, stderr io.Writer) (*run, error) {
	r := &run{options: o, results: map[string]*result{}, broken: map[string]bool{}, here: measure.Here(""),
		show: newProgress(stderr)}
	var err error
	if r.mode, err = o.mode(); err != nil {
		return nil, err
	}
	var missing, more []string
	if r.workloads, missing, err = o.chooseWorkloads(); err != nil {
		return nil, err
	}
	if r.subjects, more, err = o.choose(); err != nil {
		return nil, err
	}
	for _, program := range append(missing, more...) {
		r.show.say("%s is not installed, and what needs it is left out: install the package %s", program, packageOf(program))
	}
	if r.bin, r.self, err = o.programs(); err != nil {
		return nil, err
	}
	for _, s := range r.subjects {
		if _, err := s.fill(r.bin, r.self, "hello"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// describe begins the results of workloads with what is known before.
func (r *run) describe(workloads []workload) {
	if r.cores.note == "" {
		r.cores = chooseCores()
	}
	e := describe(r.cores.note) // with a load average from before we make a load ourselves
	for _, w := range workloads {
		r.results[w.name] = &result{Schema: measure.Schema, Title: w.title, Command: r.command, Environment: e}
	}
	if r.described {
		return // it has been said, and all but the load average is the same
	}
	r.described = true
	r.show.say("%s, %d cores, %s %s, %s; %s", e.CPU, e.Cores, e.OS, e.Kernel, e.Go, e.Load)
	if e.Changed() {
		r.show.say("there are changes that are not committed: the results say so, and are not for publishing")
	}
}

// deck is one round's cells of some workloads, in the order of the tables.
func (r *run) deck(workloads []workload) (deck []cell) {
	for i := range workloads {
		w := &workloads[i]
		for _, idle := range w.axis() {
			for _, s := range r.subjects {
				if w.serves(s) {
					deck = append(deck, cell{w, s, idle})
				}
			}
		}
	}
	return deck
}

// rounds measures these workloads once in each round, in an order of its own. What fails is left out from then on,
// with all its values: a table compares rounds, and it would miss some.
func (r *run) rounds(ctx context.Context, workloads []workload) error {
	defer r.show.end()
	deck := r.deck(workloads)
	shuffled := slices.Clone(deck)
	type outcome struct {
		quantity, unit string
		value          float64
	}
	var longest time.Duration
	for round := range r.mode.rounds {
		began := time.Now()
		if r.budget > 0 && round > 0 && began.Add(longest).Sub(r.show.began) > r.budget {
			r.show.say("%d rounds instead of %d: another would not end within %v", round, r.mode.rounds, r.budget)
			break
		}
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		seen := map[string][]outcome{}
		for _, c := range shuffled {
			r.show.showShare(fmt.Sprintf("round %d of %d, %s", round+1, r.mode.rounds, &c), r.behind.cells, r.ahead.cells, r.behind.share(r.ahead))
			r.behind.add(&c, r.mode.load)
			if r.broken[c.key()] {
				continue
			}
			err := r.measure(ctx, &c, func(quantity, unit string, value float64) {
				seen[c.key()] = append(seen[c.key()], outcome{quantity, unit, value})
			})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				r.show.say("%s: %v", &c, err)
				r.broken[c.key()] = true
			}
		}
		for _, c := range deck { // in order, so that the files have the same one each time
			for _, o := range seen[c.key()] {
				r.results[c.name].enter(c.subject.name, o.quantity, o.unit, c.idle, o.value)
			}
		}
		longest = max(longest, time.Since(began))
	}
	for _, c := range deck {
		if r.broken[c.key()] {
			r.results[c.name].forget(c.subject.name, c.idle)
		}
	}
	if slices.ContainsFunc(deck, func(c cell) bool { return r.results[c.name].find(c.subject.name, "cpu", c.idle) != nil }) {
		return nil
	}
	return errors.New("nothing could be measured: look above for why")
}
