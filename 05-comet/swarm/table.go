package swarm

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

// The run of 2009 that this one repeats (document 000): Python coroutines, with server and clients in one
// process, on a MacBook Pro 13" with 2.53 GHz. Nothing else of it was published.
const (
	clientsIn2009 = "10,000"
	userIn2009    = "10.567 s"
	systemIn2009  = "3.344 s"
	totalIn2009   = "15.67 s"
	unknown       = "–"
)

// WriteTable writes the result for a person: one line a figure, beside the figures of 2009. It fits 80
// columns.
func (r *Result) WriteTable(out io.Writer) error {
	var text strings.Builder
	line := func(name, detail, here, then string) {
		fmt.Fprintf(&text, "%-26s %-10s%s%s\n", name, detail, right(here, 14), right(then, 14))
	}
	line("", "", "here", "2009")
	line("clients", "", thousands(r.Clients), clientsIn2009)
	line("connect, up to the last", "", inMilliseconds(r.Connect), unknown)
	line("park, until / counts all", "", inMilliseconds(r.Park), unknown)
	answered := func(ms float64) string {
		if r.Clients == r.Lost {
			return unknown
		}
		return inMilliseconds(ms)
	}
	line("answers after /notify", "first", answered(r.First), unknown)
	line("", "median", answered(r.Median), unknown)
	line("", "p99", answered(r.P99), unknown)
	line("", "last", answered(r.Last), unknown)
	fanOut := unknown
	if r.FanOut > 0 {
		fanOut = inMilliseconds(r.FanOut)
	}
	line("the same, as the server", "times it", fanOut, unknown)
	for _, n := range r.Renewals {
		line("renewed while all waited", n.Signal, inMilliseconds(n.Took), unknown)
	}
	line("the whole run", "", fmt.Sprintf("%.2f s", r.Total/1000), totalIn2009)
	user, system, memory := unknown, unknown, unknown
	if s := r.Server; s != nil {
		user, system = fmt.Sprintf("%.2f s", s.User), fmt.Sprintf("%.2f s", s.System)
		if s.MemoryParked > 0 {
			memory = thousands(int(s.PerClient)) + " B"
		}
	}
	line("CPU of the server", "user", user, userIn2009)
	line("", "system", system, systemIn2009)
	line("user memory for a client", "parked", memory, unknown)
	line("clients without an answer", "lost", thousands(r.Lost), unknown)
	line("answers that are not right", "wrong", thousands(r.Wrong), unknown)
	text.WriteString("\n")
	r.notes(&text)
	_, err := io.WriteString(out, text.String())
	return err
}

// notes says what a reader must know about the columns, and what went wrong.
func (r *Result) notes(text *strings.Builder) {
	fmt.Fprintf(text, "here: server and clients on this machine, %s, %s/%s; clients in %s from %s\n",
		count(runtime.NumCPU(), "CPU"), runtime.GOOS, runtime.GOARCH, count(r.Processes, "process"), count(r.Sources, "address"))
	text.WriteString("2009: one process of Python, and the CPU time of server and clients;\n" +
		"      MacBook Pro 13\", 2.53 GHz\n")
	if r.Limited != "" {
		fmt.Fprintf(text, "limited: %s of %s clients; %s\n", thousands(r.Clients), thousands(r.Asked), r.Limited)
	}
	if r.Note != "" {
		fmt.Fprintf(text, "not measured: %s\n", r.Note)
	}
	if !r.OK() {
		fmt.Fprintf(text, "FAILED: %s\n", Describe(r.Faults))
	}
}

// Describe lists faults, the most frequent first.
func Describe(faults map[string]int) string {
	kinds := slices.SortedFunc(maps.Keys(faults), func(a, b string) int {
		if faults[a] != faults[b] {
			return faults[b] - faults[a]
		}
		return strings.Compare(a, b)
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%s: %s", thousands(faults[kind]), kind)
	}
	return strings.Join(kinds, "; ")
}

func inMilliseconds(ms float64) string { return fmt.Sprintf("%.1f ms", ms) }

// right aligns at the right by characters; fmt would count the bytes of "–".
func right(text string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 1)) + text
}
