package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
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
	results   map[string]*result // by the workload's name
	broken    map[string]bool    // by cell.key: failed once, and not measured again
	show      *progress
	bin, self string
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

// measureAll is the whole of a run: all rounds, the files, the tables. Servers that failed are an error, after
// everything else was measured.
func measureAll(ctx context.Context, o options, stdout, stderr io.Writer) error {
	r, err := newRun(o, stderr)
	if err != nil {
		return err
	}
	r.describe()
	if err := r.rounds(ctx); err != nil {
		return err
	}
	for _, w := range r.workloads {
		result := r.results[w.name]
		if len(result.Measurements) == 0 {
			continue
		}
		if o.out != "" {
			if err := result.write(o.out, w.name); err != nil {
				return fmt.Errorf("cannot write the results (%w): choose another -out", err)
			}
		}
		published, _ := readResult(filepath.Join(o.published, w.name+".json")) // none yet, or of an older form: then nothing stands beside
		table(stdout, result, published)
	}
	printGoals(stdout, r.results)
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
	r := &run{options: o, results: map[string]*result{}, broken: map[string]bool{}, show: newProgress(stderr)}
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

// describe begins the results with what is known before.
func (r *run) describe() {
	r.cores = chooseCores()
	e := describe(r.cores.note) // with a load average from before we make a load ourselves
	for _, w := range r.workloads {
		r.results[w.name] = &result{Schema: measure.Schema, Title: w.title, Command: r.command, Environment: e}
	}
	r.show.say("%s, %d cores, %s %s, %s; %s", e.CPU, e.Cores, e.OS, e.Kernel, e.Go, e.Load)
	if e.Changed() {
		r.show.say("there are changes that are not committed: the results say so, and are not for publishing")
	}
}

// deck is one round's cells, in the order of the tables.
func (r *run) deck() (deck []cell) {
	for i := range r.workloads {
		w := &r.workloads[i]
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

// rounds measures everything once in each round, in an order of its own. What fails is left out from then on,
// with all its values: a table compares rounds, and it would miss some.
func (r *run) rounds(ctx context.Context) error {
	defer r.show.end()
	deck := r.deck()
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
		for i, c := range shuffled {
			if r.broken[c.key()] {
				continue
			}
			r.show.show(fmt.Sprintf("round %d of %d, %s", round+1, r.mode.rounds, &c), round*len(deck)+i, r.mode.rounds*len(deck))
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
