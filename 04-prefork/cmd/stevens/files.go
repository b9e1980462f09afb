package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// An answer is what all servers of one comparison are asked for: a file of a size, or, to see what an answer
// costs without one, a few words that no file holds.
type answer struct {
	name string
	size int // of the file, in bytes; 0: there is none
}

var answers = []answer{{name: "hello"}, {"1k", 1 << 10}, {"10m", 10 << 20}}

// files compares -app files with nginx: what an answer costs the server, in one run, taking turns. Beside the
// files is an answer without one: what a server is dearer there, it is not dearer because of files.
func files(out io.Writer, s settings, r *measure.Result) error {
	root, err := os.MkdirTemp("", "stevens")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	os.Chmod(root, 0o755) // nginx's worker may be another user
	subjects := []string{"files", "files-threads"}
	if _, err := exec.LookPath("nginx"); err == nil {
		subjects = append([]string{"nginx"}, subjects...)
	} else {
		fmt.Fprintln(out, "nginx is not installed (nginx-light), so files are compared with nothing")
	}
	cells := []string{"answer\tserver\tCPU µs/answer\tover nginx"}
	for _, a := range answers {
		if a.size > 0 {
			if err := os.WriteFile(filepath.Join(root, a.name), make([]byte, a.size), 0o644); err != nil {
				return err
			}
		}
		costs, over := map[string][]float64{}, map[string][]float64{}
		for range s.rounds {
			var nginx float64 // of this round; it is the first
			for _, subject := range subjects {
				cost, err := a.cost(s, subject, root)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", subject, a.name, err)
				}
				costs[subject] = append(costs[subject], cost)
				r.Add(subject+"-"+a.name, "cpu", "µs", cost)
				if subject == "nginx" {
					nginx = cost
				} else if nginx > 0 {
					over[subject] = append(over[subject], cost/nginx)
					r.Add(subject+"-"+a.name, "over-nginx", "×", cost/nginx)
				}
			}
		}
		for _, subject := range subjects {
			ratio := ""
			if all := over[subject]; len(all) > 0 {
				ratio = fmt.Sprintf("%.2f", median(all))
			}
			cells = append(cells, fmt.Sprintf("%s\t%s\t%.1f\t%s", a.name, subject, median(costs[subject]), ratio))
		}
	}
	command.Table(out, fmt.Sprintf("Files, one worker (%d clients, median of %d rounds)", clients, s.rounds), cells...)
	return nil
}

// server is the command of a subject that gives this answer, and the path to ask for.
func (a answer) server(s settings, subject, root string) (*exec.Cmd, string, error) {
	if subject == "nginx" {
		server, err := nginx(root)
		return server, "/" + a.name, err
	}
	d := design{program: "prefork", workers: true}
	if subject == "files-threads" {
		d.args = []string{"-engine", "threads"}
	}
	if a.size == 0 {
		return d.command(s, 1, "-app", "hello"), "/", nil
	}
	return d.command(s, 1, "-app", "files", "-root", root), "/" + a.name, nil
}

// cost is the CPU time that a server needs for one answer, in µs, less what starting and stopping it takes.
func (a answer) cost(s settings, subject, root string) (float64, error) {
	used := map[bool]usage{}
	answered := 0
	for _, loaded := range []bool{false, true} {
		server, path, err := a.server(s, subject, root)
		if err != nil {
			return 0, err
		}
		_, used[loaded], err = serveOnce(server, func(address string) error {
			if !loaded { // nginx does not always hear a signal that comes before its first request
				_, err := asked(address, path, 1, 0)
				return err
			}
			answered, err = asked(address, path, clients, s.time)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(used[true].less(used[false]).cpu.Nanoseconds()) / 1e3 / float64(max(1, answered)), nil
}
