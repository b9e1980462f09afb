package main

import (
	"fmt"
	"io"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/measure"
)

// scale asks one worker and two for something that takes the server 500 µs of computing, and for something that
// takes it nothing. With two cores the second worker nearly doubles the first, and not the second: there the
// clients need the other core. The connections are handed over in turn, because they stay: whoever waits for one
// listener with others may be the first to wake up ten times, and then the second worker has nobody to serve.
func scale(out io.Writer, s settings, r *measure.Result) error {
	inTurn := design{name: "handoff", program: "prefork", args: []string{"-mode", "handoff"}, workers: true}
	cells := []string{"asked for\tone worker, answers/s\ttwo workers\ttwo over one"}
	for _, c := range []struct{ subject, app, path string }{{"spin", "faults", "/spin?us=500"}, {"hello", "hello", "/"}} {
		rates := map[int][]float64{}
		for range s.rounds {
			for _, workers := range []int{1, 2} {
				_, _, err := serveOnce(inTurn.command(s, workers, "-app", c.app), func(address string) error {
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
	command.Table(out, fmt.Sprintf("A second worker (%d clients)", clients), cells...)
	return nil
}
