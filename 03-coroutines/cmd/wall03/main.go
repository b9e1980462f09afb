// Command wall03 shows where stage 03 ends: a scheduler on one thread uses one core of two, one crash takes
// every connection with it, and one handler that blocks stops everybody, unless it is told to do so off the
// loop.
//
// Each server is a process of its own: this program again, told by its environment what to be (server.go).
// All of it runs on 127.0.0.1, with a few hundred descriptors, in about ten seconds.
//
// What this command does not do: it measures no speed. What it counts is who was answered and who was not, and
// how many cores' worth of processor time a server was able to use.
package main

import (
	"fmt"
	"os"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

var tool = command.NewTool("wall03", "where stage 03 ends")

func main() {
	beServer()
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	result := measure.New("The walls of stage 03",
		"servers and clients on the same machine, no cores set apart; servers with GOMAXPROCS=2")
	for _, wall := range []func(*measure.Result) error{showCores, showCrash, showBlock} {
		if err := wall(result); err != nil {
			tool.Failed(err)
		}
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// computing is how much there is to compute here, for both cores together.
const computing = time.Second

func showCores(r *measure.Result) error {
	rows := []string{"server\tprocesses\tcomputed in all\tin\tprocessor time\tcores used"}
	for _, p := range []struct {
		name, server string
		processes    int
	}{{"threads", "threads", 1}, {"coroutines", "coroutines", 1}, {"two-processes", "coroutines", 2}} {
		u, err := cores(p.server, p.processes, computing)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("%s\t%d\t%.2f s\t%.2f s\t%.2f s\t%.2f",
			p.server, p.processes, computing.Seconds(), u.wall.Seconds(), u.cpu.Seconds(), u.cores()))
		r.Add(p.name, "wall", "s", u.wall.Seconds())
		r.Add(p.name, "cpu", "s", u.cpu.Seconds())
		r.Add(p.name, "cores", "cores", u.cores())
	}
	command.Table(os.Stdout, fmt.Sprintf("Two cores, one used (%d clients who let the server compute, GOMAXPROCS=%d)", askers, askers), rows...)
	return nil
}

// waiting is how many clients wait when a fault comes.
const waiting = 100

func showCrash(r *measure.Result) error {
	rows := []string{"fault\tprocesses\tclients wait\tlose their connection\tare told, later"}
	for _, p := range []struct {
		name, fault string
		processes   int
	}{{"panic", "panic", 1}, {"crash", "crash", 1}, {"crash-two-processes", "crash", 2}} {
		f, err := strike(p.fault, p.processes, waiting)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("/%s\t%d\t%d\t%d\t%d", p.fault, p.processes, waiting, f.lost, f.told))
		r.Add(p.name, "lost", "connections", float64(f.lost))
		r.Add(p.name, "told", "clients", float64(f.told))
	}
	command.Table(os.Stdout, "One crash takes everybody down", rows...)
	return nil
}

// blocked is how long the slow handler takes here.
const blocked = 300 * time.Millisecond

func showBlock(r *measure.Result) error {
	rows := []string{"server\tone handler\tothers ask\tanswered meanwhile\tthe last after"}
	for _, server := range []string{"coroutines", "offload"} {
		for _, fault := range []string{"block", "spin"} {
			s, err := slow(server, fault, blocked)
			if err != nil {
				return err
			}
			last := float64(s.last.Microseconds()) / 1e3
			rows = append(rows, fmt.Sprintf("%s\t%s %v\t%d\t%d\t%.1f ms", server, fault, blocked, neighbours, s.meanwhile, last))
			r.Add(server, fault+"-last", "ms", last)
			r.Add(server, fault+"-meanwhile", "answers", float64(s.meanwhile))
		}
	}
	command.Table(os.Stdout, "One handler that blocks stops everybody, and off the loop nobody", rows...)
	return nil
}
