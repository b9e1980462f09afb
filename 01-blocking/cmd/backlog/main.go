// Command backlog measures what the length of a listener's queue does to the slowest of many clients.
//
// For each backlog it starts a server of hello, puts the same load of short connections on it, and prints the
// median, the 99th percentile and the worst request. Server and load share one processor, where the system
// can arrange that: then the load makes many connections before the server comes to accept them, which is what
// a busy machine looks like. The server is stage 01's, one connection at a time, or any that -serve names.
//
// What this command does not do: it says nothing of a machine with cores to spare, where the server accepts as
// fast as the clients come and no queue grows.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/experiment"
	"example.com/c10k/01-blocking/measure"
)

// Bounds of what may be asked for, and of how long it may take: a request is given up after the longest time,
// and no round begins after the budget, so that the whole ends after about a minute.
const (
	mostClients  = 500
	mostRequests = 50_000
	mostRounds   = 20
	longest      = 15 * time.Second
	budget       = 40 * time.Second
)

type options struct {
	serve    string
	backlogs []int
	clients  int
	requests int
	rounds   int
	core     int
	file     string
}

func main() {
	experiment.Child()
	var o options
	tool := command.NewTool("backlog", "what the length of a listener's queue does to the slowest client")
	tool.StringVar(&o.serve, "serve", "", "measure the server that `COMMAND` starts, as in 'bin/selectors -addr {addr} -backlog {backlog}'; empty: stage 01's, one connection at a time")
	backlogs := tool.String("backlogs", "5,100,4096", "the `NUMBERS` to compare, each 1 to 65535")
	tool.IntVar(&o.clients, "clients", 50, "`N` clients at the same time, 1 to 500")
	tool.IntVar(&o.requests, "requests", 5000, "`N` requests in all for each backlog, 100 to 50000")
	tool.IntVar(&o.rounds, "rounds", 3, "repeat all `N` times, 1 to 20")
	tool.IntVar(&o.core, "core", 0, "server and load share processor `N` (Linux); -1: they run where they like")
	tool.StringVar(&o.file, "json", "", "write the figures to `FILE` too")
	tool.Parse()
	if o.serve != "" && !(strings.Contains(o.serve, "{addr}") && strings.Contains(o.serve, "{backlog}")) {
		tool.Misused("-serve: the command needs {addr} and {backlog}, to be told where to listen and how")
	}
	command.Between(tool, "clients", o.clients, 1, mostClients)
	command.Between(tool, "requests", o.requests, 100, mostRequests)
	command.Between(tool, "rounds", o.rounds, 1, mostRounds)
	for word := range strings.SplitSeq(*backlogs, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 65535 || slices.Contains(o.backlogs, n) {
			tool.Misused("-backlogs %s: write different numbers from 1 to 65535 with commas between them, as in 5,100,4096", *backlogs)
		}
		o.backlogs = append(o.backlogs, n)
	}
	if err := run(os.Stdout, o); err != nil {
		tool.Failed(err)
	}
}

func run(out io.Writer, o options) error {
	where := "they run where they like"
	if o.core >= 0 {
		if err := experiment.Pin(o.core); err != nil {
			return fmt.Errorf("%w (-core -1 leaves server and load where they are)", err)
		}
		where = fmt.Sprintf("server and load on processor %d", o.core)
	}
	figures := measure.New("Short connections and the listener's backlog",
		fmt.Sprintf("%d clients, %d requests, a connection each; %s", o.clients, o.requests, where))
	results := map[int][]*experiment.BacklogResult{}
	begin := time.Now()
	rounds := 0
	for ; rounds < o.rounds && time.Since(begin) < budget; rounds++ {
		for _, backlog := range o.backlogs {
			r, err := once(o, backlog)
			if err != nil {
				return fmt.Errorf("backlog %d: %w", backlog, err)
			}
			results[backlog] = append(results[backlog], r)
			subject := fmt.Sprintf("backlog-%d", backlog)
			figures.Add(subject, "median", "ms", milliseconds(r.Median))
			figures.Add(subject, "p99", "ms", milliseconds(r.P99))
			figures.Add(subject, "worst", "ms", milliseconds(r.Worst))
			figures.Add(subject, "waited", "requests", float64(r.Waited))
			figures.Add(subject, "given-up", "requests", float64(r.GivenUp))
		}
	}
	if rounds < o.rounds {
		fmt.Fprintf(out, "(%d rounds of %d: the time is over.)\n", rounds, o.rounds)
	}
	if err := show(out, o, rounds, results); err != nil {
		return err
	}
	return figures.Save(o.file, out)
}

// once starts a server, loads it, and stops it.
func once(o options, backlog int) (*experiment.BacklogResult, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	server := exec.Command(program)
	server.Env = append(os.Environ(), fmt.Sprintf("%s=%d", experiment.ChildVariable, backlog))
	if o.serve != "" {
		words := strings.Fields(strings.NewReplacer("{addr}", "127.0.0.1:0", "{backlog}", strconv.Itoa(backlog)).Replace(o.serve))
		server = exec.Command(words[0], words[1:]...)
	}
	running, err := conform.Start(server, "", nil)
	if err != nil {
		return nil, err
	}
	result, err := experiment.Backlog{Address: strings.TrimPrefix(running.URL, "http://"), Clients: o.clients, Requests: o.requests, Longest: longest}.Run()
	if stopped := running.Stop(); err == nil {
		err = stopped
	}
	return result, err
}

// show prints the median over the rounds, and the worst request of each round.
func show(out io.Writer, o options, rounds int, results map[int][]*experiment.BacklogResult) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "backlog\tmedian\t99 %%\tworst of each round\tover a second\t\n")
	for _, backlog := range o.backlogs {
		var medians, p99s []time.Duration
		var worst []string
		waited := 0
		for _, r := range results[backlog] {
			medians, p99s = append(medians, r.Median), append(p99s, r.P99)
			word := fmt.Sprintf("%.0f", milliseconds(r.Worst))
			if r.GivenUp > 0 {
				word = "over " + word
			}
			worst = append(worst, word)
			waited += r.Waited
		}
		slices.Sort(medians)
		slices.Sort(p99s)
		fmt.Fprintf(table, "%d\t%.1f ms\t%.1f ms\t%s ms\t%d of %d\t\n", backlog, milliseconds(medians[rounds/2]), milliseconds(p99s[rounds/2]),
			strings.Join(worst, ", "), waited, rounds*o.requests)
	}
	return table.Flush()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
