package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"example.com/c10k/01-blocking/ab"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/02-selectors/poll"
)

// A subject is a server that is measured.
type subject struct {
	name, title string
	command     func() *exec.Cmd

	rates []float64 // requests a second, one for each round
	cpu   []float64 // µs of its processor time for each request, starting and stopping included
}

// node says where it listens as our commands do.
const node = `const server = require('http').createServer((request, response) => {
	response.writeHead(200, {'Content-Type': 'text/plain'});
	response.end('Hello, World!');
});
server.listen(0, '127.0.0.1', 4096, () => console.error('listening on http://127.0.0.1:' + server.address().port));
process.on('SIGTERM', () => process.exit(0));`

// subjects are bare and coroutines, on select and on the best poller there is, and Node, last, if it is here.
// missing says what is not.
func subjects(program string) (all []*subject, missing string) {
	pollers := []string{"select"}
	if best := poll.Names()[0]; best != "select" {
		pollers = append(pollers, best)
	}
	for _, poller := range pollers {
		all = append(all, &subject{name: "bare-" + poller, title: "bare, " + poller + ", no parse",
			command: func() *exec.Cmd { return bareCommand(poller) }})
	}
	for _, poller := range pollers {
		// Connections that arrive with their request would spare a wait: nobody else here has that.
		all = append(all, &subject{name: "coroutines-" + poller, title: "coroutines, " + poller, command: func() *exec.Cmd {
			return exec.Command(program, "-app", "hello", "-poller", poller, "-addr", "127.0.0.1:0", "-defer-accept=false")
		}})
	}
	path, err := exec.LookPath("node")
	if err != nil {
		return all, "Node.js is not installed: it comes with the package nodejs"
	}
	version, _ := exec.Command(path, "--version").Output()
	title := strings.TrimSpace("Node.js " + string(version))
	command := func() *exec.Cmd { return exec.Command(path, "-e", node) }
	return append(all, &subject{name: "node", title: title, command: command}), ""
}

// run measures all subjects in each round, so that what disturbs the machine for a while disturbs them all.
func run(subjects []*subject, requests, rounds int) error {
	for range rounds {
		for _, s := range subjects {
			if err := s.measure(requests); err != nil {
				return fmt.Errorf("%s: %w", s.title, err)
			}
		}
	}
	return nil
}

// measure runs ab once against a fresh server.
func (s *subject) measure(requests int) error {
	command := s.command()
	server, err := conform.Start(command, "", nil)
	if err != nil {
		return fmt.Errorf("%w: run make build first, or name the program with -program", err)
	}
	rate, err := ab.Load{Clients: concurrency, Requests: requests}.Run(server.URL + "/")
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	used := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	s.rates = append(s.rates, rate)
	s.cpu = append(s.cpu, float64(used.Microseconds())/float64(requests))
	fmt.Fprintf(os.Stderr, "%s: %.0f requests a second\n", s.title, rate)
	return nil
}

func middle(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }
