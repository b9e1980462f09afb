package audience

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"example.com/c10k/05-comet/swarm"
)

// WriteTable writes the result for a person: the account in one line first, then what it took.
func (r *Result) WriteTable(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "sent %d, received %d, lost %d, doubled %d, resets %d\n\n", r.Sent, r.Received, r.Lost, r.Doubled, r.Resets)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(name, format string, a ...any) {
		fmt.Fprintf(table, "%s\t"+format+"\n", append([]any{name}, a...)...)
	}
	line("clients", "%d poll, %d stream, %d of these slowly", r.Pollers, r.Streams, r.Slow)
	line("their processes", "%d", r.Processes)
	line("topics", "%d", r.Topics)
	line("messages", "%d in %.1f s", r.Published, r.Seconds)
	if r.Doubtful > 0 {
		line("in doubt", "%d without an acknowledgement, of which %d were not published", r.Doubtful, r.Unpublished)
	}
	line("connections", "%d, of which we cut %d", r.Connections, r.Cut)
	line("delivery", "median %.1f ms, p99 %.1f ms, longest %.1f ms", r.Median, r.P99, r.Longest)
	line("all caught up after", "%.1f ms", r.ClientsBack)
	for _, n := range r.Renewals {
		line("all back after "+n.Signal, "%.1f ms", n.Took)
	}
	if s := r.Server; s != nil {
		line("CPU of the server", "%.2f s user, %.2f s system", s.User, s.System)
	}
	line("CPU of the clients", "%.2f s", r.ClientCPU)
	if s := r.Server; s != nil {
		for _, at := range []struct {
			name string
			State
		}{{"beginning", s.Begin}, {"middle", s.Middle}, {"end", s.End}} {
			line("the server at the "+at.name, "%.1f MB, %d descriptors, %d threads, %d processes",
				float64(at.Memory)/1e6, at.Descriptors, at.Threads, at.Processes)
		}
	}
	table.Flush()
	r.notes(&text)
	_, err := io.WriteString(out, text.String())
	return err
}

// notes says what went wrong, and what a reader must know.
func (r *Result) notes(text *strings.Builder) {
	if len(r.Faults) > 0 {
		fmt.Fprintf(text, "connections ended: %s\n", swarm.Describe(r.Faults))
	}
	if r.Resets > 0 {
		fmt.Fprintf(text, "resets: the server said %d times that messages were dropped; %d were missing, %d came again\n", r.Resets, r.Dropped, r.Repeated)
	}
	if r.Limited != "" {
		fmt.Fprintf(text, "limited: %s\n", r.Limited)
	}
	if r.Note != "" {
		fmt.Fprintf(text, "not measured: %s\n", r.Note)
	}
	switch {
	case r.Foreign > 0:
		fmt.Fprintf(text, "FAILED: %d texts were not ours: another publisher uses topics named %s…, or the server mixes topics up\n", r.Foreign, topicName(0))
	case !r.OK():
		fmt.Fprintf(text, "FAILED: lost %d, doubled %d\n", r.Lost, r.Doubled)
	}
}
