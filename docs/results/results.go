// Package results reads and writes measurements with the environment they were made in, and sums them up.
//
// A file NAME.json in this directory is one [Result]: what was run, where, and for each subject and
// quantity one value for each round. Rounds are interleaved: value i of every subject was measured in round
// i, so subjects are compared round by round ([Ratio]), and what disturbed a round disturbs both sides of
// the division. A file is plain JSON with the keys below, all in lower case; a program of another module
// writes it with encoding/json and imports nothing from here:
//
//	{
//	  "schema": 1,
//	  "title": "Hello, World! over keep-alive connections",
//	  "command": "bin/bench -quick -out results",
//	  "environment": {
//	    "date": "2026-01-31T10:00:00Z", "commit": "abcdef123456", "go": "go1.26.8",
//	    "os": "linux", "kernel": "6.18.5", "cpu": "the model's name", "cores": 2,
//	    "memory_bytes": 8589934592, "limits": {"descriptors": 20000}, "load": "server on CPU 0, wrk -c50 on CPU 1"
//	  },
//	  "measurements": [
//	    {"subject": "coroutines", "quantity": "cpu", "unit": "µs", "values": [6.31, 6.29, 6.40]},
//	    {"subject": "epoll", "quantity": "wait", "unit": "µs", "at": 1000, "at_unit": "idle descriptors", "values": [1.2]}
//	  ]
//	}
//
// subject and quantity are words of lower-case letters, digits and hyphens, because chapters name them. "at"
// is where on a horizontal axis the values belong, if anywhere. Unknown keys are errors, so that a misspelt
// one is seen.
//
// What this package does not do: it measures nothing, and it draws nothing (package figures does).
package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Schema is the version of the files that this package reads and writes.
const Schema = 1

// A Result is one run of a benchmark.
type Result struct {
	Schema       int           `json:"schema"`
	Title        string        `json:"title"`
	Command      string        `json:"command"`
	Environment  Environment   `json:"environment"`
	Measurements []Measurement `json:"measurements"`
}

// An Environment is where and when a result was measured: what a reader needs to judge whether theirs may
// be compared with it.
type Environment struct {
	Date        time.Time      `json:"date"`
	Commit      string         `json:"commit"`
	Go          string         `json:"go"`
	OS          string         `json:"os"`
	Kernel      string         `json:"kernel"`
	CPU         string         `json:"cpu"`
	Cores       int            `json:"cores"`
	MemoryBytes int64          `json:"memory_bytes"`
	Limits      map[string]int `json:"limits,omitempty"` // descriptors, ports, backlog
	Load        string         `json:"load"`             // what made the load, and where it ran
}

// A Measurement is one quantity of one subject, measured once in each round.
type Measurement struct {
	Subject  string    `json:"subject"`
	Quantity string    `json:"quantity"`
	Unit     string    `json:"unit"`
	At       *float64  `json:"at,omitempty"`
	AtUnit   string    `json:"at_unit,omitempty"`
	Values   []float64 `json:"values"` // value i is of round i
}

// Read reads and checks a file.
func Read(name string) (*Result, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r Result
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return &r, nil
}

// Write checks a result and writes it to a file, as text that git can compare line by line.
func Write(name string, r *Result) error {
	if err := r.Check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Check says what is missing or wrong: a figure without its environment is worth nothing.
func (r *Result) Check() error {
	var problems []error
	complain := func(bad bool, format string, arguments ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, arguments...))
		}
	}
	e := r.Environment
	complain(r.Schema != Schema, "the schema is %d, and this program reads %d", r.Schema, Schema)
	complain(r.Title == "" || r.Command == "", "title or command is missing")
	complain(e.Date.IsZero() || e.Commit == "" || e.Go == "" || e.OS == "" || e.Kernel == "" || e.CPU == "" || e.Load == "",
		"the environment is not complete: date, commit, go, os, kernel, cpu, load")
	complain(e.Cores < 1 || e.MemoryBytes < 1, "the environment has no cores or no memory")
	complain(len(r.Measurements) == 0, "nothing was measured")
	seen := map[string]bool{}
	for _, m := range r.Measurements {
		key := m.key()
		complain(!word.MatchString(m.Subject) || !word.MatchString(m.Quantity),
			"%s: subject and quantity are words of lower-case letters, digits and hyphens", key)
		complain(m.Unit == "" || len(m.Values) == 0, "%s: the unit or the values are missing", key)
		complain(seen[key], "%s: measured twice", key)
		seen[key] = true
	}
	return errors.Join(problems...)
}

func (m *Measurement) key() string {
	key := m.Subject + " " + m.Quantity
	if m.At != nil {
		key += fmt.Sprintf(" at %g", *m.At)
	}
	return key
}

// Find returns the measurement of a subject and quantity; at is nil for one that is on no axis.
func (r *Result) Find(subject, quantity string, at *float64) (*Measurement, error) {
	var have []string
	for i := range r.Measurements {
		m := &r.Measurements[i]
		if m.Subject == subject && m.Quantity == quantity && (m.At == nil) == (at == nil) && (at == nil || *m.At == *at) {
			return m, nil
		}
		have = append(have, m.key())
	}
	return nil, fmt.Errorf("no measurement of %s, %s; there are %q", subject, quantity, have)
}

// Subjects returns the subjects of a quantity, in the file's order.
func (r *Result) Subjects(quantity string) []string {
	var subjects []string
	for _, m := range r.Measurements {
		if m.Quantity == quantity && !slices.Contains(subjects, m.Subject) {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}
