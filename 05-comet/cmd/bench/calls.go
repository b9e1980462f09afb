package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/c10k/05-comet/swarm"
	"example.com/c10k/05-comet/usage"
)

// Where the time goes, in the one measure that a busy machine cannot disturb: how many system calls a request
// makes a server do. strace(1) counts them, and while it does everything is slow: no time is taken of it.

const (
	callsRequests = 4000             // unless the command line says otherwise
	callsTime     = 30 * time.Second // in which they must be answered, under strace

	// rareCall is how many of a call a request must make for it to be shown: fewer are the runtime's own affairs.
	rareCall = 0.005
)

// callsWorkloads are those of which a count tells something: with parked clients it would count the clients.
var callsWorkloads = []string{"hello", "hello-close", "hello-pipelined"}

// measureCalls counts for each of these workloads and each server, and writes and prints what a request needs.
func measureCalls(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if !installed("strace") {
		return fmt.Errorf("strace is not installed: install the package %s", packageOf("strace"))
	}
	if o.run == "" {
		o.run = strings.Join(callsWorkloads, ",")
	}
	if o.requests == 0 {
		o.requests = callsRequests
	}
	o.seconds = callsTime
	r, err := newRun(o, stderr)
	if err != nil {
		return err
	}
	defer r.show.end()
	for _, w := range r.workloads {
		if !slices.Contains(callsWorkloads, w.name) {
			return fmt.Errorf("%w: -run %s: system calls are counted with %s", errUsage, w.name, strings.Join(callsWorkloads, ", "))
		}
	}
	r.describe(r.workloads)
	deck := r.deck(r.workloads)
	for i, c := range deck {
		result := r.results[c.name]
		result.Title = "System calls for a request: " + c.title
		r.show.show(c.String(), i, len(deck))
		counts, err := r.count(ctx, &c)
		if err != nil {
			return fmt.Errorf("%s: %w", &c, err)
		}
		for _, call := range counts {
			if each := float64(call.times) / float64(o.requests); each >= rareCall {
				result.enter(c.subject.name, strings.ReplaceAll(call.name, "_", "-"), "calls", 0, each)
			}
		}
	}
	for _, w := range r.workloads {
		if o.out != "" {
			if err := r.results[w.name].write(o.out, "calls-"+w.name); err != nil {
				return fmt.Errorf("cannot write the results (%w): choose another -out", err)
			}
		}
		callsTable(stdout, r.results[w.name], o.requests)
	}
	return nil
}

// count starts the cell's server, warms it, and loads it while strace counts.
func (r *run) count(ctx context.Context, c *cell) ([]calls, error) {
	command, err := c.subject.fill(r.bin, r.self, c.app)
	if err != nil {
		return nil, err
	}
	var words lastWords
	server, err := swarm.StartServer(ctx, command, &words)
	if err != nil {
		return nil, words.add(err)
	}
	defer server.Stop()
	clients, err := r.warm(c, server)
	if err != nil {
		return nil, words.add(err)
	}
	defer clients.Close()
	return traced(ctx, server.PID(), func() error {
		report, err := clients.Go()
		if err == nil && (report.Failed > 0 || report.Requests < r.requests) {
			err = fmt.Errorf("%d requests were answered, and %d clients failed: %s",
				report.Requests, report.Failed, faults(report.Faults))
		}
		return err
	})
}

// calls is how often a system call was made.
type calls struct {
	name  string
	times int
}

// attaching is how long strace may take until it has all threads.
const attaching = 10 * time.Second

// traced calls load, and counts meanwhile what a process and its descendants ask of the kernel.
func traced(ctx context.Context, pid int, load func() error) ([]calls, error) {
	directory, err := os.MkdirTemp("", "c10k-calls-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	file := filepath.Join(directory, "calls")
	args := []string{"-f", "-c", "-o", file}
	tree := usage.Tree(pid)
	for _, p := range tree {
		args = append(args, "-p", strconv.Itoa(p))
	}
	var said bytes.Buffer
	strace := exec.CommandContext(ctx, "strace", args...)
	strace.Stderr = &said
	if err := strace.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- strace.Wait() }()
	for limit := time.Now().Add(attaching); !traces(tree); time.Sleep(time.Millisecond) {
		select {
		case <-ended:
			return nil, fmt.Errorf("strace ended: may this user trace processes (kernel.yama.ptrace_scope)? It said:\n%s",
				bytes.TrimSpace(said.Bytes()))
		default:
		}
		if time.Now().After(limit) {
			strace.Process.Kill()
			<-ended
			return nil, fmt.Errorf("strace has not attached within %v; it said:\n%s", attaching, bytes.TrimSpace(said.Bytes()))
		}
	}
	err = load()
	strace.Process.Signal(os.Interrupt) // it lets go, writes its counts, and ends
	<-ended
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseCalls(text)
}

// traces tells whether all threads of these processes are traced. The first must be there; another may have ended.
func traces(tree []int) bool {
	for i, pid := range tree {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if i == 0 && len(threads) == 0 {
			return false
		}
		for _, name := range threads {
			if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte("\nTracerPid:\t0\n")) {
				return false
			}
		}
	}
	return true
}

// parseCalls reads the table of strace -c: "% time, seconds, usecs/call, calls, errors (if any), syscall".
func parseCalls(text []byte) (all []calls, err error) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || fields[len(fields)-1] == "total" {
			continue
		}
		if times, err := strconv.Atoi(fields[3]); err == nil {
			all = append(all, calls{fields[len(fields)-1], times})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("strace counted nothing:\n%s", text)
	}
	return all, nil
}

// ownColumn is how many of a call some server must make for a request for the call to have a column: with fewer
// it is among the others.
const ownColumn = 0.1

// callsTable has a line for each server and a column for each call, the most frequent first.
func callsTable(out io.Writer, r *result, requests int) {
	sums, most := map[string]float64{}, map[string]float64{}
	var servers, names []string
	for _, m := range r.Measurements {
		if !slices.Contains(servers, m.Subject) {
			servers = append(servers, m.Subject)
		}
		sums[m.Quantity] += m.Values[0]
		most[m.Quantity] = max(most[m.Quantity], m.Values[0])
		if most[m.Quantity] >= ownColumn && !slices.Contains(names, m.Quantity) {
			names = append(names, m.Quantity)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(sums[b], sums[a]) })
	fmt.Fprintf(out, "\n%s\n\n", r.Title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "server\tall\t"+strings.Join(names, "\t")+"\tothers\t")
	for _, server := range servers {
		all := 0.0
		for _, m := range r.Measurements {
			if m.Subject == server {
				all += m.Values[0]
			}
		}
		line, others := fmt.Sprintf("%s\t%.2f\t", server, all), all
		for _, name := range names {
			each := "-"
			if m := r.find(server, name, 0); m != nil {
				others -= m.Values[0]
				each = fmt.Sprintf("%.2f", m.Values[0])
			}
			line += each + "\t"
		}
		fmt.Fprintf(w, "%s%.2f\t\n", line, others)
	}
	w.Flush()
	e := r.Environment
	fmt.Fprintf(out, "\n%s %s, %s; counted by strace over %d requests; commit %s\n", e.OS, e.Kernel, e.Go, requests, e.Commit)
}
