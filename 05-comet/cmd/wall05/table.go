package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"example.com/c10k/05-comet/swarm"
)

// asked are the numbers of clients that the costs are computed for.
var asked = []float64{10_000, 100_000, 1_000_000}

func (c cost) show(out io.Writer, o options, m machine) error {
	fmt.Fprintf(out, "Measured: what one more waiting client costs (%d to %d clients, %d rounds)\n", o.sizes[0], o.sizes[len(o.sizes)-1], o.rounds)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "  memory of the server\t%.0f B\n", c.user)
	if c.kernel > 0 {
		fmt.Fprintf(table, "  memory of the kernel\t%.0f B\tfor the server's end of the connection\n", c.kernel)
	}
	fmt.Fprintf(table, "  processor time\t%.1f µs\tto be accepted, to wait, to be notified and answered\n", c.cpu*1e6)
	fmt.Fprintf(table, "  the last one's time\t%.1f µs\tlonger from the notification to the last answer\n", c.last*1e6)
	table.Flush()

	fmt.Fprintf(out, "\nComputed from that\n")
	table = tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, value func(n float64) string) {
		fmt.Fprintf(table, "  %s\t", name)
		for _, n := range asked {
			fmt.Fprintf(table, "%s\t", value(n))
		}
		fmt.Fprintln(table)
	}
	row("clients", func(n float64) string { return fmt.Sprintf("%.0f", n) })
	row("memory", func(n float64) string { return fmt.Sprintf("%.2f GB", n*(c.user+c.kernel)/1e9) })
	row("processor time, for each once", func(n float64) string { return fmt.Sprintf("%.1f s", n*c.cpu) })
	row("a notification to the last", func(n float64) string { return fmt.Sprintf("%.2f s", n*c.last) })
	row(fmt.Sprintf("processes of %d descriptors", m.descriptors), func(n float64) string {
		return fmt.Sprintf("%.0f", math.Ceil(n/float64(m.descriptors-swarm.ServerReserve)))
	})
	if m.ports > 0 {
		row(fmt.Sprintf("client addresses of %d ports", m.ports), func(n float64) string {
			return fmt.Sprintf("%.0f", math.Ceil(n/float64(m.ports)))
		})
	}
	table.Flush()
	return c.showEnds(out, m)
}

// showEnds says what is used up first, and at how many clients.
func (c cost) showEnds(out io.Writer, m machine) error {
	e := c.ends(m)
	fmt.Fprintf(out, "\nThis machine is full, by\n")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	if m.memory > 0 {
		fmt.Fprintf(table, "  memory, %.1f GB\tat %s clients\n", float64(m.memory)/1e9, rounded(e.memory))
	}
	fmt.Fprintf(table, "  its %d processors\tat %s clients, if all of them are notified and come back each second\n", m.cores, rounded(e.cores))
	fmt.Fprintf(table, "  the time of the last\tat %s clients, if a notification may take a second\n", rounded(e.answer))
	return table.Flush()
}

// rounded has two digits that mean something, as a number that was computed from three rounds.
func rounded(n float64) string {
	if n <= 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return "an unknown number of"
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return fmt.Sprintf("%.0f", math.Round(n/unit)*unit)
}
