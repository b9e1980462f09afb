// Command abecho repeats the measurement of document 003, a small Tornado for Windows and Linux of 2010: the
// echo application under ab -c 5 -n 10000, on every poller of this system, select among them, which was all
// that Windows had.
//
// Half of the time is ab's own, and ab opens a connection for each request: the figure says what it said in
// 2010, and no more.
//
// What this command does not do: it keeps no processor apart, and compares nothing with the machine of 2010 but
// the one figure that was published.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"text/tabwriter"

	"example.com/c10k/01-blocking/ab"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/02-selectors/poll"
)

// What document 003 ran, and its figure: requests a second on Windows with select, in Python.
const (
	concurrency  = 5
	in2010       = 1163.64
	mostRounds   = 20
	mostRequests = 1_000_000 // some minutes
)

func main() {
	tool := command.NewTool("abecho", "document 003's measurement, repeated")
	program := tool.String("program", "bin/selectors", "`FILE` of stage 02's command")
	requests := tool.Int("n", 10_000, "`N` requests a round")
	rounds := tool.Int("rounds", 3, "measure everything `N` times, interleaved")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "rounds", *rounds, 1, mostRounds)
	command.Between(tool, "n", *requests, concurrency, mostRequests)
	if err := ab.Installed(); err != nil {
		tool.Failed(err)
	}
	rates, err := run(*program, *requests, *rounds)
	if err != nil {
		tool.Failed(err)
	}
	show(os.Stdout, rates)
	if *file == "" {
		return
	}
	result := measure.New(fmt.Sprintf("The echo application under ab -c %d -n %d", concurrency, *requests),
		"ab and the server share all cores")
	for _, name := range poll.Names() {
		for _, rate := range rates[name] {
			result.Add(name, "requests", "1/s", rate)
		}
	}
	for range *rounds {
		result.Add("document-003", "requests", "1/s", in2010)
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// run returns the requests a second of every poller, one value for each round.
func run(program string, requests, rounds int) (map[string][]float64, error) {
	rates := map[string][]float64{}
	for range rounds {
		for _, name := range poll.Names() {
			rate, err := one(program, name, requests)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			rates[name] = append(rates[name], rate)
		}
	}
	return rates, nil
}

// one runs ab once against a fresh server.
func one(program, poller string, requests int) (float64, error) {
	server, err := conform.Start(exec.Command(program, "-app", "echo", "-poller", poller, "-addr", "127.0.0.1:0"), "", nil)
	if err != nil {
		return 0, fmt.Errorf("%w: run make build first, or name the program with -program", err)
	}
	defer server.Stop()
	return ab.Load{Clients: concurrency, Requests: requests}.Run(server.URL + "/")
}

// show prints the medians.
func show(out io.Writer, rates map[string][]float64) {
	fmt.Fprintf(out, "requests a second, ab -c %d, the echo application:\n", concurrency)
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "document 003 (2010, Windows, select)\t%.2f\t\n", in2010)
	for _, name := range poll.Names() {
		middle := slices.Sorted(slices.Values(rates[name]))[len(rates[name])/2]
		fmt.Fprintf(table, "here, %s\t%.2f\t\n", name, middle)
	}
	table.Flush()
}
