package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A workload is one way to load the servers; its results are one file.
type workload struct {
	name    string
	part    string // workloads of the same one are measured in the same rounds, and may be divided by each other
	title   string
	app     string   // hello or comet
	without []string // subjects that cannot serve it; why is in the comment beside each
	fullRun bool     // left out of -quick
	tool    string   // the program that makes the load, instead of ours

	clients  int // for hello: connections at work; for comet: parked clients
	pipeline int
	fresh    bool
	requests int   // at most, in each measurement; 0: the time is the bound
	idle     []int // measured once for each of these numbers of idle neighbours; 0 is what the others are divided by
}

// A connection that a server closes first rests in its TIME_WAIT for a minute, in the kernel's memory; so
// much of that for all servers and rounds together is a few dozen megabytes.
const closingMost = 4000

// atRest is where the results of workloads without a horizontal axis are.
var atRest = []int{0}

var workloads = []workload{
	{name: "hello", part: "kept", title: "Hello, World! over 50 connections that are kept alive", app: "hello",
		// sequential would serve the first client and none of the other 49
		without: []string{"sequential"},
		clients: 50, pipeline: 1},
	{name: "hello-close", part: "fresh", title: "Hello, World! from 50 clients with a connection for each request", app: "hello",
		clients: 50, pipeline: 1, fresh: true, requests: closingMost},
	{name: "hello-pipelined", part: "pipelined", title: "Hello, World! over 50 connections with 16 requests in each write", app: "hello",
		without: []string{"sequential"},
		clients: 50, pipeline: 16},
	{name: "hello-1000", part: "kept", title: "Hello, World! over 1,000 connections that are kept alive", app: "hello", fullRun: true,
		without: []string{"sequential"},
		clients: 1000, pipeline: 1},
	{name: "hello-wrk", part: "kept", title: "Hello, World! over 50 connections that are kept alive, asked by wrk", app: "hello", fullRun: true,
		without: []string{"sequential"}, tool: "wrk",
		clients: 50, pipeline: 1},
	{name: "hello-ab", part: "fresh", title: "Hello, World! from 50 clients with a connection for each request, asked by ab", app: "hello", fullRun: true,
		tool:    "ab",
		clients: 50, pipeline: 1, fresh: true, requests: closingMost},
	{name: "idle", part: "idle", title: "Hello, World! over 50 connections with idle neighbours", app: "hello", fullRun: true,
		// a thread each: 10,000 idle neighbours are where Go gives up
		without: []string{"sequential", "threads"},
		clients: 50, pipeline: 1, idle: []int{0, 10, 100, 1000, 10_000}},
	{name: "comet-1000", part: "comet-1000", title: "1,000 clients parked and notified", app: "comet",
		// the first waiter would stop everybody, the notifier included; and nginx alone has nobody wait
		without: []string{"sequential", "nginx"},
		clients: 1000},
	{name: "comet-10000", part: "comet-10000", title: "10,000 clients parked and notified", app: "comet", fullRun: true,
		without: []string{"sequential", "threads", "nginx"},
		clients: 10_000},
}

func workloadNames() (names []string) {
	for _, w := range workloads {
		names = append(names, w.name)
	}
	return names
}

// chooseWorkloads returns those that the options ask for, and the programs that are missing for others.
func (o *options) chooseWorkloads() (chosen []workload, missing []string, err error) {
	var wanted []string
	if o.run != "" {
		wanted = strings.Split(o.run, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(workloadNames(), name) {
			return nil, nil, fmt.Errorf("%w: -run %s: no such workload: choose from %s", errUsage, name, strings.Join(workloadNames(), ", "))
		}
	}
	for _, w := range workloads {
		switch {
		case wanted != nil && !slices.Contains(wanted, w.name), wanted == nil && w.fullRun && o.quick:
		case w.tool != "" && !installed(w.tool):
			missing = append(missing, w.tool)
		default:
			chosen = append(chosen, w)
		}
	}
	return chosen, missing, nil
}

// A mode is how much is measured.
type mode struct {
	rounds int
	load   time.Duration // on each server in each round
	budget time.Duration // a round that would not end in it is not begun; 0: no matter
}

// Five rounds are the fewest from which a difference can be told from chance: that all five values of one
// lie below all five of the other happens once in 252 times by itself. What differs between two starts of the
// same server is not less in a longer load: so a load is a second, and who has more time takes more rounds.
var (
	quick = mode{rounds: 5, load: 300 * time.Millisecond, budget: 110 * time.Second}
	full  = mode{rounds: 5, load: time.Second}
)

func (o *options) mode() (mode, error) {
	m := full
	if o.quick {
		m = quick
	}
	if o.resume && o.out == "" {
		return m, fmt.Errorf("%w: -resume goes on with what is in a directory: say which with -out", errUsage)
	}
	if o.rounds < 0 || o.seconds < 0 || o.requests < 0 {
		return m, fmt.Errorf("%w: -rounds, -time and -requests are at least 1, or 0 for what the mode has", errUsage)
	}
	if o.rounds > 0 {
		m.rounds, m.budget = o.rounds, 0
	}
	if o.seconds > 0 {
		m.load = o.seconds
	}
	return m, nil
}

// axis is where the workload is measured.
func (w *workload) axis() []int {
	if w.idle == nil {
		return atRest
	}
	return w.idle
}

// serves tells whether a subject can be loaded so. One of the reader's own that takes no {app} is taken for a
// hello server.
func (w *workload) serves(s subject) bool {
	if s.in != "" && !slices.Contains(strings.Split(s.in, ","), w.name) {
		return false
	}
	return !slices.Contains(w.without, s.name) && (w.app == "hello" || s.in != "" || strings.Contains(s.command, "{app}"))
}
