package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"example.com/c10k/01-blocking/measure"
)

// scale asks one worker and two for something that takes the server 500 µs of computing, and for something that
// takes it nothing. With two cores the second worker nearly doubles the first, and not the second: there the
// clients need the other core.
func scale(out io.Writer, s settings, r *measure.Result) error {
	shared := design{name: "shared", program: "prefork", workers: true}
	cells := []string{"asked for\tone worker, answers/s\ttwo workers\ttwo over one"}
	for _, c := range []struct{ subject, app, path string }{{"spin", "faults", "/spin?us=500"}, {"hello", "hello", "/"}} {
		rates := map[int][]float64{}
		for range s.rounds {
			for _, workers := range []int{1, 2} {
				_, _, err := serveOnce(shared.command(s, workers, "-app", c.app), func(address string) error {
					n, err := asked(address, c.path, clients, s.time)
					rate := float64(n) / s.time.Seconds()
					rates[workers] = append(rates[workers], rate)
					r.Add(fmt.Sprintf("%s-%d", c.subject, workers), "rate", "1/s", rate)
					return err
				})
				if err != nil {
					return fmt.Errorf("%s with %d workers: %w", c.subject, workers, err)
				}
			}
		}
		one, two := median(rates[1]), median(rates[2])
		cells = append(cells, fmt.Sprintf("%s\t%.0f\t%.0f\t%.2f", c.subject, one, two, two/one))
	}
	rows(out, fmt.Sprintf("A second worker (%d clients)", clients), cells)
	return nil
}

// files compares -app files with nginx: what an answer costs the server, in one run, taking turns.
func files(out io.Writer, s settings, r *measure.Result) error {
	root, err := os.MkdirTemp("", "stevens")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	os.Chmod(root, 0o755) // nginx's worker may be another user
	sizes := []struct {
		name string
		size int
	}{{"1k", 1 << 10}, {"10m", 10 << 20}}
	for _, f := range sizes {
		if err := os.WriteFile(filepath.Join(root, f.name), make([]byte, f.size), 0o644); err != nil {
			return err
		}
	}
	subjects := []string{"files", "files-threads"}
	if _, err := exec.LookPath("nginx"); err == nil {
		subjects = append(subjects, "nginx")
	} else {
		fmt.Fprintln(out, "nginx is not installed (nginx-light), so files are compared with nothing")
	}
	cells := []string{"file\tserver\tCPU µs/answer\tover nginx"}
	for _, f := range sizes {
		costs := map[string][]float64{}
		for range s.rounds {
			for _, subject := range subjects {
				cost, err := fileCost(s, subject, root, f.name)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", subject, f.name, err)
				}
				costs[subject] = append(costs[subject], cost)
				r.Add(subject+"-"+f.name, "cpu", "µs", cost)
			}
		}
		for _, subject := range subjects {
			over := ""
			if nginx := costs["nginx"]; len(nginx) > 0 {
				over = fmt.Sprintf("%.2f", median(costs[subject])/median(nginx))
			}
			cells = append(cells, fmt.Sprintf("%s\t%s\t%.0f\t%s", f.name, subject, median(costs[subject]), over))
		}
	}
	rows(out, fmt.Sprintf("Files, one worker (%d clients)", clients), cells)
	return nil
}

// fileCost is the CPU time that a server needs for one answer.
func fileCost(s settings, subject, root, name string) (float64, error) {
	server := func() (*exec.Cmd, error) {
		switch subject {
		case "nginx":
			return nginx(root)
		case "files-threads":
			return design{program: "prefork", args: []string{"-engine", "threads"}, workers: true}.command(s, 1, "-app", "files", "-root", root), nil
		}
		return design{program: "prefork", workers: true}.command(s, 1, "-app", "files", "-root", root), nil
	}
	used := map[bool]usage{}
	answers := 0
	for _, loaded := range []bool{false, true} {
		cmd, err := server()
		if err != nil {
			return 0, err
		}
		_, used[loaded], err = serveOnce(cmd, func(address string) error {
			if !loaded { // nginx does not always hear a signal that comes before its first request
				_, err := asked(address, "/"+name, 1, 0)
				return err
			}
			answers, err = asked(address, "/"+name, clients, s.time)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(used[true].less(used[false]).cpu.Microseconds()) / float64(max(1, answers)), nil
}
