// Command abecho repeats the measurement of document 003, a small Tornado for Windows and Linux of 2010: the
// echo application under ab -c 5 -n 10000, on every poller of this system, select among them, which was all
// that Windows had.
//
// Half of the time is ab's own, and ab opens a connection for each request: the figure says what it said in
// 2010, and no more.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/02-selectors/poll"
)

// What document 003 ran, and its figure: requests a second on Windows with select, in Python.
const (
	concurrency = 5
	in2010      = 1163.64
	mostRounds  = 20
)

func main() {
	flags := flag.NewFlagSet("abecho", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // mistakes are told in one line
	program := flags.String("program", "bin/selectors", "`FILE` of stage 02's command")
	requests := flags.Int("n", 10_000, "`N` requests a round")
	rounds := flags.Int("rounds", 3, "measure everything `N` times, interleaved")
	file := flags.String("json", "", "write the values to `FILE`, in the form of docs/results")
	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print("abecho: document 003's measurement, repeated\n\nFlags:\n")
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return
	case err != nil:
		stop(2, "%v (-h lists the flags)", err)
	case flags.NArg() > 0:
		stop(2, "unexpected %q: everything is said with flags (-h lists them)", flags.Arg(0))
	case *rounds < 1 || *rounds > mostRounds || *requests < concurrency:
		stop(2, "-rounds from 1 to %d, -n from %d (-h lists the flags)", mostRounds, concurrency)
	}
	if _, err := exec.LookPath("ab"); err != nil {
		stop(1, "ab is not installed: it comes with the package apache2-utils")
	}
	rates, err := run(*program, *requests, *rounds)
	if err != nil {
		stop(1, "%v", err)
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
	if err := result.Write(*file); err != nil {
		stop(1, "%v", err)
	}
	fmt.Printf("\nwritten to %s\n", *file)
}

func stop(status int, format string, a ...any) {
	fmt.Fprintf(os.Stderr, "abecho: %s\n", fmt.Sprintf(format, a...))
	os.Exit(status)
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

var (
	rateField     = regexp.MustCompile(`Requests per second:\s+([0-9.]+)`)
	completeField = regexp.MustCompile(`Complete requests:\s+(\d+)`)
	failedField   = regexp.MustCompile(`Failed requests:\s+0\n`)
	refusedField  = regexp.MustCompile(`Non-2xx responses`)
)

// one runs ab once against a fresh server. A request that failed is an error: its time means nothing.
func one(program, poller string, requests int) (float64, error) {
	server, err := conform.Start(exec.Command(program, "-app", "echo", "-poller", poller, "-addr", "127.0.0.1:0"), "", nil)
	if err != nil {
		return 0, fmt.Errorf("%w: run make build first, or name the program with -program", err)
	}
	defer server.Stop()
	n := strconv.Itoa(requests)
	report, err := exec.Command("ab", "-q", "-c", strconv.Itoa(concurrency), "-n", n, server.URL+"/").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("ab: %w: %s", err, strings.TrimSpace(string(report)))
	}
	rate, complete := rateField.FindSubmatch(report), completeField.FindSubmatch(report)
	if rate == nil || complete == nil || string(complete[1]) != n || !failedField.Match(report) || refusedField.Match(report) {
		return 0, fmt.Errorf("ab does not report %s complete requests and none failed or refused:\n%s", n, report)
	}
	return strconv.ParseFloat(string(rate[1]), 64)
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
