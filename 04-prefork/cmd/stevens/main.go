// Command stevens repeats the experiment of chapter 30 of W. Richard Stevens' Unix Network Programming with the
// servers of this repository: one load, every design, and what each costs beside the simplest. It also counts
// how evenly connections reach the workers, and how often a worker is woken for nothing (the thundering herd).
//
// Then it shows when a second worker helps (when the work is not the client's), and compares files with nginx,
// if nginx is installed. CPU time is getrusage(2)'s of the servers and all their processes, less what starting
// and stopping them takes.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// settings are what the flags say.
type settings struct {
	bin      string
	workers  int
	requests int
	idle     int // requests of the client who comes when everybody sleeps
	rounds   int
	time     time.Duration
	only     string
}

func main() {
	tool := command.NewTool("stevens", "one load for every design of a server")
	s := settings{idle: idleRequests}
	tool.StringVar(&s.bin, "bin", "bin", "the `DIRECTORY` with the commands of all stages, as make build fills it")
	tool.IntVar(&s.workers, "workers", 4, "`N` processes for the designs that have several")
	tool.IntVar(&s.requests, "requests", 2000, "`N` connections, each with one request, for each design and round")
	tool.IntVar(&s.rounds, "rounds", 3, "`N` rounds; all designs take turns in each")
	tool.DurationVar(&s.time, "time", 2*time.Second, "how long each server of the other two experiments is asked")
	tool.StringVar(&s.only, "only", "", "make only these `EXPERIMENTS`, with commas: "+strings.Join(names(), ","))
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	command.Between(tool, "workers", s.workers, 1, 64)
	command.Between(tool, "requests", s.requests, 10, 20_000) // ports that a client leaves in TIME_WAIT
	command.Between(tool, "rounds", s.rounds, 1, 100)
	command.Between(tool, "time", s.time, 100*time.Millisecond, time.Minute)

	chosen, err := choose(s.only)
	if err != nil {
		tool.Misused("%v", err)
	}
	result := measure.New("One load for every design of a server",
		fmt.Sprintf("%d clients at a time on the same machine, no cores set apart; %d connections a round, %d workers", clients, s.requests, s.workers))
	for _, e := range chosen {
		if err := e.run(os.Stdout, s, result); err != nil {
			tool.Failed(err)
		}
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// An experiment prints a table and adds its values to the result.
type experiment struct {
	name string
	run  func(io.Writer, settings, *measure.Result) error
}

var experiments = []experiment{{"designs", compare}, {"scale", scale}, {"files", files}}

func names() (names []string) {
	for _, e := range experiments {
		names = append(names, e.name)
	}
	return names
}

// choose returns the experiments that are named, with commas, or all.
func choose(only string) (chosen []experiment, err error) {
	if only == "" {
		return experiments, nil
	}
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names(), name)
		if i < 0 {
			return nil, fmt.Errorf("-only %s: choose from %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, experiments[i])
	}
	return chosen, nil
}

// A design is a way to serve many clients.
type design struct {
	name    string
	program string
	args    []string
	workers bool // it has -workers
	note    string
}

// designs are all of them: this is the table to add one to. The first is what the others are compared with.
var designs = []design{
	{name: "sequential", program: "blocking", args: []string{"-model", "sequential"}, note: "01: one after the other"},
	{name: "threads", program: "blocking", args: []string{"-model", "threads"}, note: "01: a thread for each"},
	{name: "loop", program: "selectors", note: "02: a state machine for each"},
	{name: "coroutines", program: "coroutines", note: "03: a coroutine for each"},
	{name: "exec", program: "prefork", args: []string{"-mode", "exec"}, workers: true, note: "04: a process for each"},
	{name: "shared", program: "prefork", args: []string{"-mode", "shared"}, workers: true, note: "04: all wait for one listener"},
	{name: "shared-threads", program: "prefork", args: []string{"-mode", "shared", "-engine", "threads"}, workers: true, note: "04: the same, with poll and threads"},
	{name: "exclusive", program: "prefork", args: []string{"-mode", "exclusive"}, workers: true, note: "04: the kernel wakes one"},
	{name: "reuseport", program: "prefork", args: []string{"-mode", "reuseport"}, workers: true, note: "04: a listener for each worker"},
	{name: "handoff", program: "prefork", args: []string{"-mode", "handoff"}, workers: true, note: "04: the master accepts and hands over"},
}

// command is the server's, with an application and, where it has them, so many workers.
func (d design) command(s settings, workers int, app ...string) *exec.Cmd {
	args := append([]string{"-addr", "127.0.0.1:0", "-defer-accept=false"}, d.args...)
	if d.workers {
		args = append(args, "-workers", fmt.Sprint(workers))
	}
	return exec.Command(filepath.Join(s.bin, d.program), append(args, app...)...)
}
