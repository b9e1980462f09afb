// Command wall02 shows where stage 02 ends: the comet application torn into callbacks beside the one of
// stage 01, one slow handler that stops everybody, select's end at descriptor 1024, and the spin of a loop
// that has no descriptor left, in package specimens, which package loop avoids.
//
// Each server is a process of its own: this program again, told by its environment what to be (server.go).
// All of it runs on 127.0.0.1, with about 1,200 descriptors, in a few seconds.
//
// What this command does not do: it measures no speed. What it counts is who was answered, and who was not.
package main

import (
	"fmt"
	"os"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

func main() {
	beServer()
	tool := command.NewTool("wall02", "where stage 02 ends")
	root := tool.String("root", ".", "the repository's top `DIRECTORY`, for its sources")
	file := tool.String("json", "", "write the values to `FILE`, in the form of docs/results")
	tool.Parse()
	result := measure.New("The walls of stage 02", "server and clients on the same machine, no cores set apart")
	for _, wall := range []func(*measure.Result) error{
		func(*measure.Result) error { return showTorn(os.Stdout, *root) }, showSlow, showEnd, showExhausted,
	} {
		if err := wall(result); err != nil {
			tool.Failed(err)
		}
	}
	if err := result.Save(*file, os.Stdout); err != nil {
		tool.Failed(err)
	}
}

// blocked is how long the slow handler takes here.
const blocked = 300 * time.Millisecond

func showSlow(r *measure.Result) error {
	rows := []string{"server\tone handler\tothers ask\tanswered meanwhile\tthe last after"}
	for _, server := range []string{"threads", "selectors"} {
		for _, fault := range []string{"block", "spin"} {
			s, err := slow(server, fault, blocked)
			if err != nil {
				return err
			}
			rows = append(rows, fmt.Sprintf("%s\t%s %v\t%d\t%d\t%.1f ms", server, fault, blocked, neighbours, s.meanwhile, float64(s.last.Microseconds())/1e3))
			r.Add(server, fault+"-last", "ms", float64(s.last.Microseconds())/1e3)
			r.Add(server, fault+"-meanwhile", "answers", float64(s.meanwhile))
			for i, after := range s.answered {
				r.AddAt(server, fault+"-answered", "ms", float64(i+1), "clients who ask meanwhile", float64(after.Microseconds())/1e3)
			}
		}
	}
	command.Table(os.Stdout, "One slow handler stops everybody", rows...)
	return nil
}

func showEnd(r *measure.Result) error {
	rows := []string{"poller\tlimit\tserved\tthe next client"}
	for _, p := range pollersToEnd() {
		e, err := end(p)
		if err != nil {
			return err
		}
		limit := "yes"
		if p.unlimited {
			limit = "none"
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%d\t%s", p.poller, limit, e.served, e.next))
		if !p.unlimited {
			r.Add(p.poller, "served", "connections", float64(e.served))
		}
	}
	command.Table(os.Stdout, fmt.Sprintf("select ends at descriptor 1023 (of %d clients who stay)", crowd), rows...)
	return nil
}

func showExhausted(r *measure.Result) error {
	rows := []string{"server\tfailed accepts while one client waits\tthe clients above the limit"}
	for _, server := range []string{"forgetful", "selectors"} {
		e, err := exhaust(server)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s", server, e.failed, e.told))
		if e.rate > 0 {
			r.Add(server, "failed-accepts", "1/s", e.rate)
		}
	}
	command.Table(os.Stdout, fmt.Sprintf("No descriptor is left (%d clients, a limit of %d descriptors)", tooMany, fewDescriptors), rows...)
	return nil
}
