package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// An event is one line of go test -json ("go doc test2json" describes them).
type event struct {
	Action     string // run, output, pass, fail, skip, build-output, build-fail
	Package    string
	ImportPath string // of a build event
	Test       string // empty: the event is about the package
	Output     string
}

// A report counts what the events tell, and keeps a test's output until it is known whether anybody
// needs it.
type report struct {
	out      io.Writer
	packages int
	passed   int
	failed   int             // tests and packages
	failing  map[string]bool // packages with a failed test
	skips    []string        // one line each: the test and its reason
	output   map[string][]string
}

func newReport(out io.Writer) *report {
	return &report{out: out, failing: map[string]bool{}, output: map[string][]string{}}
}

// read takes events to the end of the stream. A line that is no event is passed on: it is go's own
// complaint.
func (r *report) read(events io.Reader) {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil {
				r.take(e)
			} else {
				io.WriteString(r.out, line)
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		io.WriteString(r.out, e.Output)
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") { // RUN, PAUSE, CONT: progress, which a report does not need
			r.output[key] = append(r.output[key], e.Output)
		}
	case "pass":
		r.count(e, &r.passed)
		if strings.HasPrefix(e.Test, longPrefix) {
			r.tell(e.Test, r.output[key])
		}
		delete(r.output, key)
	case "fail":
		r.count(e, &r.failed)
		if e.Test != "" {
			r.failing[e.Package] = true
		} else if !r.failing[e.Package] {
			r.failed++ // the package failed and none of its tests did: it did not build, or it died
		}
		io.WriteString(r.out, strings.Join(r.output[key], ""))
		delete(r.output, key)
	case "skip":
		if e.Test != "" {
			r.skips = append(r.skips, fmt.Sprintf("%s: %s", e.Test, reason(r.output[key])))
		}
		delete(r.output, key)
	}
}

// longPrefix begins the names of long tests. What they have logged is read even if they passed: whoever waited for
// an hour wants more than a word.
const longPrefix = "TestSoak"

// tell prints what a test has logged, and not what it wrote as progress: a log entry begins with a file and a line,
// and t.Log indents the lines that follow.
func (r *report) tell(test string, output []string) {
	const following = "        "
	title, entry := test+"\n", false
	for _, line := range output {
		entry = logged.MatchString(line) || entry && (strings.HasPrefix(line, following) || strings.TrimSpace(line) == "")
		if entry {
			io.WriteString(r.out, title+line)
			title = ""
		}
	}
}

// count counts the event: a package, or a test. A subtest belongs to its test.
func (r *report) count(e event, tests *int) {
	if e.Test == "" {
		r.packages++
	} else if !strings.Contains(e.Test, "/") {
		*tests++
	}
}

var logged = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)`)

// reason finds the sentence that t.Skip was given.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		if match := logged.FindStringSubmatch(line); match != nil {
			return strings.TrimSpace(match[1])
		}
	}
	return "no reason given: write one into its t.Skip"
}

func (r *report) summary() string {
	text := plural(r.packages, "package") + ", " + plural(r.passed, "test") + " passed"
	if r.failed > 0 {
		text += fmt.Sprintf(", %d failed", r.failed)
	}
	if len(r.skips) > 0 {
		text += fmt.Sprintf(", %d skipped", len(r.skips))
	}
	return text
}
