package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"example.com/c10k/01-blocking/conform"
)

// A report tells the results: a line each as they come, and a count at the end; or one JSON document.
type report struct {
	w        io.Writer
	verbose  bool
	asJSON   bool
	document document
}

// A document is the whole outcome, as -json prints it.
type document struct {
	Stage    string            `json:"stage,omitempty"`
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Cases    []graded          `json:"cases"`
	NotAsked map[string]string `json:"not_asked,omitempty"` // group → why
	Notes    []string          `json:"notes,omitempty"`
}

// A graded is one case in the document. What tells of a failure is empty if it passed.
type graded struct {
	Case     string   `json:"case"`
	App      string   `json:"app,omitempty"` // what was served
	Passed   bool     `json:"passed"`
	Why      string   `json:"why"`
	Expected string   `json:"expected,omitempty"`
	Got      string   `json:"got,omitempty"`
	Hint     string   `json:"hint,omitempty"`
	Said     []string `json:"said,omitempty"` // the last of the conversation
}

func newReport(w io.Writer, o *options) *report {
	r := &report{w: w, verbose: o.verbose, asJSON: o.json}
	r.document.NotAsked = map[string]string{}
	r.document.Cases = []graded{}
	if o.stage != nil {
		r.document.Stage = o.stage.Name
	}
	if o.stage != nil && len(o.groups) == 0 && len(o.only) == 0 {
		maps.Copy(r.document.NotAsked, o.stage.Lacks)
	}
	return r
}

// round says what is asked now.
func (r *report) round(round conform.Round, what string, cases int) {
	app := ""
	if round.App != "" {
		app = ", as " + round.App
	}
	r.line("%s%s: %d cases\n", what, app, cases)
}

// add tells one result.
func (r *report) add(round conform.Round, result conform.Result) {
	c, f := result.Case, result.Failure
	g := graded{Case: c.Title(), App: round.App, Passed: f == nil, Why: c.Why}
	if f == nil {
		r.document.Passed++
		r.line("  ok    %s\n", c.Title())
		if r.verbose {
			r.line("        %s\n", c.Why)
		}
	} else {
		r.document.Failed++
		g.Expected, g.Got, g.Hint, g.Said = f.Expected, f.Got, c.Hint, f.Transcript
		r.line("  FAIL  %s\n        %s\n", c.Title(), strings.ReplaceAll(conform.Report(c, f), "\n", "\n        "))
	}
	r.document.Cases = append(r.document.Cases, g)
}

// leaveOut remembers why a group is not asked.
func (r *report) leaveOut(group, why string) { r.document.NotAsked[group] = why }

// note tells what is no case and good to know.
func (r *report) note(text string) {
	r.document.Notes = append(r.document.Notes, text)
	r.line("  note: %s\n", text)
}

// died says that the server ended while it was asked, which fails the last case that was.
func (r *report) died(how error) {
	text := "the server ended by itself, with status 0, while it was asked"
	if how != nil {
		text = how.Error()
	}
	r.note(text)
	last := &r.document.Cases[len(r.document.Cases)-1]
	if last.Passed {
		last.Passed = false
		last.Expected, last.Got = "a server that goes on", "a server that ended"
		r.document.Passed--
		r.document.Failed++
	}
}

// close prints the end and tells whether everything passed.
func (r *report) close() bool {
	d := &r.document
	for _, g := range conform.Groups {
		if why, left := d.NotAsked[g.Name]; left {
			r.line("not asked: %s. %s\n", g.Name, why)
		}
	}
	for what, why := range d.NotAsked {
		if strings.Contains(what, " ") { // more than one group
			r.line("not asked: %s. %s\n", what, why)
		}
	}
	var failed []string
	for _, c := range d.Cases {
		if !c.Passed {
			failed = append(failed, c.Case)
		}
	}
	if d.Failed == 0 {
		r.line("%d cases, all passed\n", d.Passed)
	} else {
		r.line("%d cases, %d passed, %d failed; to ask them again: -case %s\n", d.Passed+d.Failed, d.Passed, d.Failed, strings.Join(failed, ","))
	}
	if r.asJSON {
		encoder := json.NewEncoder(r.w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		encoder.Encode(d)
	}
	return d.Failed == 0
}

func (r *report) line(format string, args ...any) {
	if !r.asJSON {
		fmt.Fprintf(r.w, format, args...)
	}
}
