// Command abhello repeats the measurement of document 001, an HTTP server of 2010 on the coroutines of
// Stackless Python: Hello, World! under ab -c 50 -n 100000, on select and on the best poller of this system,
// beside Node.js in the same run.
//
// The document says that its comparison is not fair: its server skips a request's head without reading it,
// and Node's parses it. So there are two servers here: bare does as the document's, and coroutines is stage
// 03's command, with a whole parser, a Date, limits and time-outs. What lies between them is the price of a parse.
//
// ab opens a connection for each request, and about half of the time is its own; cpu is the server's alone.
//
// What it does not do: it repeats the document's other figure, of the backlog, only in stage 01 (backlog).
package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"example.com/c10k/01-blocking/ab"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// What document 001 ran, and its figure: how many times as many requests a second as Node of 2010.
const (
	concurrency  = 50
	in2010       = 1.925
	mostRounds   = 20
	mostRequests = 1_000_000 // ten minutes for each round
)

var tool = command.NewTool("abhello", "document 001's measurement, repeated")

func main() {
	beBare()
	program := tool.String("program", "bin/coroutines", "`FILE` of stage 03's command")
	requests := tool.Int("n", 100_000, "`N` requests a round")
	rounds := tool.Int("rounds", 3, "measure everything `N` times, interleaved")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "rounds", *rounds, 1, mostRounds)
	command.Between(tool, "n", *requests, concurrency, mostRequests)
	if err := ab.Installed(); err != nil {
		tool.Failed(err)
	}
	subjects, missing := subjects(*program)
	if err := run(subjects, *requests, *rounds); err != nil {
		tool.Failed(err)
	}
	show(os.Stdout, subjects, missing)
	if *file == "" {
		return
	}
	result := measure.New(fmt.Sprintf("Hello, World! under ab -c %d -n %d", concurrency, *requests),
		"ab and the server share all cores")
	node := subjects[len(subjects)-1]
	for i := range *rounds {
		result.Add("document-001", "times-node", "×", in2010)
		for _, s := range subjects {
			result.Add(s.name, "requests", "1/s", s.rates[i])
			result.Add(s.name, "cpu", "µs", s.cpu[i])
			if missing == "" {
				result.Add(s.name, "times-node", "×", s.rates[i]/node.rates[i])
			}
		}
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// show prints the medians, and how many times Node's each is: the median of the rounds' quotients.
func show(out io.Writer, subjects []*subject, missing string) {
	node := subjects[len(subjects)-1]
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\trequests a second\ttimes Node's\tcpu of the server\t")
	fmt.Fprintf(table, "document 001 (2010, select, no parse)\t–\t%.3f\t–\t\n", in2010)
	for _, s := range subjects {
		factor := "–"
		if missing == "" {
			var quotients []float64
			for i := range s.rates {
				quotients = append(quotients, s.rates[i]/node.rates[i])
			}
			factor = fmt.Sprintf("%.3f", middle(quotients))
		}
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%.1f µs\t\n", s.title, middle(s.rates), factor, middle(s.cpu))
	}
	table.Flush()
	if missing != "" {
		fmt.Fprintf(out, "not measured: %s\n", missing)
	}
}
