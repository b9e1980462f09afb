// Package transcript runs the commands that a chapter shows, and compares what they print with what the
// chapter says.
//
// A transcript is a text in which a line that begins with "$ " is a command (a line "> " goes on with it),
// and what follows is what the command printed, on both of its outputs. [Parse] reads one, [Run] runs its
// commands in one bash, in order, and returns a transcript with what they print now, and [Rules.Diff] says
// what is different apart from what may vary.
//
// A command that ends with " &" is a server: Run waits until it says "listening on", and stops it when the
// last command is done. An address 127.0.0.1:PORT is replaced by a free one while the commands run, and put
// back in what they print, so a server of the reader's on the same port disturbs nobody.
//
// What this package does not do: it gives the commands no terminal and no input, and it knows no chapter.
// Commands run on Unix only.
package transcript

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// A Step is one command and what it printed, lines without the last line end.
type Step struct {
	Command string
	Output  string
}

// Server reports whether the command is started and left running.
func (s Step) Server() bool { return strings.HasSuffix(s.Command, " &") }

// Parse reads a transcript.
func Parse(text string) ([]Step, error) {
	var steps []Step
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		command, isCommand := strings.CutPrefix(line, "$ ")
		more, goesOn := strings.CutPrefix(line, "> ")
		switch last := len(steps) - 1; {
		case isCommand:
			steps = append(steps, Step{Command: command})
		case last < 0:
			return nil, fmt.Errorf("a transcript begins with a command, and this with %q: write \"$ \" before it", line)
		case goesOn && steps[last].Output == "" && strings.HasSuffix(steps[last].Command, `\`):
			steps[last].Command += "\n" + more
		default:
			steps[last].Output += line + "\n"
		}
	}
	for i := range steps {
		steps[i].Output = strings.TrimSuffix(steps[i].Output, "\n")
	}
	return steps, nil
}

// Format writes steps as a transcript; Parse reads it back.
func Format(steps []Step) string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, "$ "+strings.ReplaceAll(s.Command, "\n", "\n> "))
		if s.Output != "" {
			lines = append(lines, s.Output)
		}
	}
	return strings.Join(lines, "\n")
}

// named are the things that vary from run to run, under the names that a marker declares them by.
var named = map[string]*regexp.Regexp{
	"times":   regexp.MustCompile(`\b\d+(\.\d+)? ?(ns|µs|us|ms|s|seconds|minutes|m\d+(\.\d+)?s)\b`),
	"dates":   regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?Z?|\b\d\d:\d\d:\d\d\b`),
	"pids":    regexp.MustCompile(`\bpid[ =:]\s*\d+|^\d+$|\[\d+\]`),
	"ports":   regexp.MustCompile(`:\d{4,5}\b`),
	"hashes":  regexp.MustCompile(`\b[0-9a-f]{7,64}\b`),
	"numbers": regexp.MustCompile(`\d+(,\d{3})*(\.\d+)?`),
	"memory":  regexp.MustCompile(`\b\d+(\.\d+)? ?([KMG]i?)?B\b`),
}

// Rules say what may vary between two runs of a transcript.
type Rules struct {
	vary     []*regexp.Regexp
	names    []string
	anyOrder bool
}

// NewRules reads what a marker declares: names (times, dates, pids, ports, hashes, numbers, memory), or a
// regular expression between slashes; in any order or not.
func NewRules(vary []string, anyOrder bool) (*Rules, error) {
	r := &Rules{anyOrder: anyOrder}
	for _, value := range vary {
		if len(value) > 2 && strings.HasPrefix(value, "/") && strings.HasSuffix(value, "/") {
			expression, err := regexp.Compile("(?m)" + value[1:len(value)-1])
			if err != nil {
				return nil, fmt.Errorf("vary: %w", err)
			}
			r.vary, r.names = append(r.vary, expression), append(r.names, "<varies>")
			continue
		}
		for word := range strings.FieldsSeq(strings.ReplaceAll(value, ",", " ")) {
			expression := named[word]
			if expression == nil {
				return nil, fmt.Errorf("vary: %q is none of times, dates, pids, ports, hashes, numbers, memory, /a regular expression/", word)
			}
			r.vary, r.names = append(r.vary, expression), append(r.names, "<"+word+">")
		}
	}
	return r, nil
}

// Diff returns the lines in which two transcripts differ apart from what may vary; empty if in none.
func (r *Rules) Diff(said, is []Step) string {
	a, b := r.normal(said), r.normal(is)
	if a == b {
		return ""
	}
	return udiff.Unified("the chapter says", "the command prints", a, b)
}

// normal replaces what may vary by its name.
func (r *Rules) normal(steps []Step) string {
	var out strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&out, "$ %s\n", s.Command)
		var lines []string
		for line := range strings.SplitSeq(s.Output, "\n") {
			for i, expression := range r.vary {
				line = expression.ReplaceAllString(line, r.names[i])
			}
			lines = append(lines, strings.TrimRight(line, " \t\r"))
		}
		if r.anyOrder {
			lines = sorted(lines)
		}
		out.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return out.String()
}
