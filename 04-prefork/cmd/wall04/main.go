// Command wall04 shows where stage 04 ends: the comet handler, unchanged, in two processes. Each has a list of
// waiters of its own, so who counts sees a part of them, and who notifies reaches a part. A channel that
// crosses processes does not help: what has to be shared is the list.
//
// The servers are this program again, told by its environment what to be (server.go). It runs on 127.0.0.1
// with a few dozen connections, in a second.
package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

func main() {
	beServer()
	tool := command.NewTool("wall04", "where stage 04 ends")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	result := measure.New("The wall of stage 04", "server and clients on the same machine, no cores set apart")
	if err := show(os.Stdout, result); err != nil {
		tool.Failed(err)
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// show plays the story three times and prints a table.
func show(out io.Writer, result *measure.Result) error {
	fmt.Fprintf(out, "%d clients wait. One worker is asked, and told to notify\n", waiters)
	table := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(table, "  workers\tthe handler waits in\tit counts\tit notifies\tstill waiting")
	for _, r := range roles {
		seen, err := play(r)
		if err != nil {
			return fmt.Errorf("%d workers, %s: %w", r.workers, r.channel, err)
		}
		fmt.Fprintf(table, "  %d\t%s\t%d\t%d\t%d\n", r.workers, channels[r.channel], seen.counted, seen.notified, seen.left)
		subject := fmt.Sprintf("%s-%d", r.channel, r.workers)
		result.Add(subject, "counted", "waiters", float64(seen.counted))
		result.Add(subject, "notified", "waiters", float64(seen.notified))
		result.Add(subject, "left", "waiters", float64(seen.left))
	}
	return table.Flush()
}
