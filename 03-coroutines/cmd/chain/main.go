// Command chain passes a number along 100,000 coroutines, each of which adds one, and says what that
// costs on three kinds of them:
//
//	pull      iter.Pull: the runtime hands the thread from one goroutine straight to the other
//	channels  goroutines that hand control to and fro over two channels: a coroutine as one had to write
//	          it before Go 1.23
//	plain     goroutines that pass the number on over a channel, and are left to Go's own scheduler
//
// The first two are coroutines: one runs at a time, and a loop says which. The third is what one would
// write in Go if nobody asked for a scheduler. It is less code and takes no more memory; and its goroutines
// may use all cores, are interrupted when they compute for long, and may block in a system call without
// stopping the others. A single number along a chain asks for none of that, and can only show its price.
//
// What it does not do: no input or output.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// Bounds of what may be asked for. A million coroutines take 3 GB.
const (
	mostCoroutines = 1_000_000
	mostRounds     = 100
)

var tool = command.NewTool("chain", "a number passed along many coroutines, of three kinds")

func main() {
	beChain()
	n := tool.Int("n", 100_000, "pass the number along `N` coroutines, 1 to 1000000")
	rounds := tool.Int("rounds", 5, "measure everything `N` times, interleaved")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "n", *n, 1, mostCoroutines)
	command.Between(tool, "rounds", *rounds, 1, mostRounds)
	costs := make([][]cost, len(kinds))
	for range *rounds {
		for i, kind := range kinds {
			c, err := ask(kind.name, *n)
			if err != nil {
				tool.Failed(fmt.Errorf("%s: %w", kind.name, err))
			}
			costs[i] = append(costs[i], c)
		}
	}
	show(os.Stdout, *n, costs)
	if *file == "" {
		return
	}
	result := measure.New(fmt.Sprintf("A number passed along %d coroutines", *n), "each chain in a process of its own")
	for i, kind := range kinds {
		for _, c := range costs[i] {
			result.Add(kind.name, "make", "ns", c.make)
			result.Add(kind.name, "pass", "ns", c.pass)
			result.Add(kind.name, "memory", "B", c.memory)
		}
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// show prints the medians.
func show(out io.Writer, n int, costs [][]cost) {
	fmt.Fprintf(out, "%d coroutines; each takes:\n", n)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tto make\tto pass the number\tmemory\t")
	for i, kind := range kinds {
		middle := func(of func(cost) float64) float64 {
			var values []float64
			for _, c := range costs[i] {
				values = append(values, of(c))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		fmt.Fprintf(table, "%s\t%.0f ns\t%.0f ns\t%.0f B\t\n", kind.name, middle(func(c cost) float64 { return c.make }),
			middle(func(c cost) float64 { return c.pass }), middle(func(c cost) float64 { return c.memory }))
	}
	table.Flush()
}
