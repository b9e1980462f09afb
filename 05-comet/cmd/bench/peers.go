package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/sock"
)

// Other people's servers run as children of this program, with a listener that it opens for them: so port 0
// picks one, and the line that says where they listen is true from the beginning, as connections wait in the
// backlog until the server accepts. That it costs them nothing is known from what bench measures: the tree of
// processes, and this one of them sleeps.

// inherited is the descriptor at which a child finds the first of its ExtraFiles (os/exec).
const inherited = 3

// peerBacklog is what our own commands have as their default.
const peerBacklog = 4096

// run starts a program with the listener, and stops it with TERM when this program is told to stop.
func (c *control) run(name string, environment []string, args func(at string) ([]string, error)) error {
	program, err := locate(name)
	if err != nil {
		return fmt.Errorf("%s is not installed (%w): install the package %s", c.name, err, packageOf(name))
	}
	listener, at, err := sock.ListenNonBlocking(c.addr, sock.Options{Backlog: peerBacklog, DeferAccept: c.deferAccept})
	if err != nil {
		return err
	}
	words, err := args(at.String())
	if err != nil {
		return err
	}
	child := exec.Command(program, words...)
	child.Env = append(os.Environ(), environment...)
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	child.ExtraFiles = []*os.File{os.NewFile(uintptr(listener), "listener")}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	if err := child.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", program, err)
	}
	child.ExtraFiles[0].Close() // it is the child's alone now: when that ends, nobody listens
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	command.Listening(at)
	select {
	case <-told:
		child.Process.Signal(syscall.SIGTERM)
		err = <-ended
	case err = <-ended:
		err = fmt.Errorf("%s ended by itself (%v): look above for why", program, err)
	}
	return err
}

// locate finds a program, also where ordinary users do not look for one and Debian has nginx.
func locate(name string) (string, error) {
	program, err := exec.LookPath(name)
	if err == nil {
		return program, nil
	}
	if program, inSystem := exec.LookPath(filepath.Join("/usr/sbin", name)); inSystem == nil {
		return program, nil
	}
	return "", err
}

func installed(name string) bool {
	if name == nchanModule {
		return findNchan() != "" && installed("nginx")
	}
	_, err := locate(name)
	return err == nil
}

// packageOf is where Debian and its descendants have a program.
func packageOf(program string) string {
	switch program {
	case "ab":
		return "apache2-utils"
	case "nginx":
		return "nginx-light"
	case nchanModule:
		return "libnginx-mod-nchan"
	case "node":
		return "nodejs"
	}
	return program
}

// nodeServer is both applications for Node. The answer is in one piece, with its length.
const nodeServer = `
'use strict';
let parked = [];
const say = (response, text) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': text.length });
  response.end(text);
};
const applications = {
  hello: (request, response) => say(response, 'Hello, World!'),
  comet: (request, response) => {
    if (request.url === '/wait') {
      parked.push(response);
      return;
    }
    const n = String(parked.length);
    if (request.url === '/notify') {
      const woken = parked;
      parked = [];
      for (const waiter of woken) say(waiter, n);
    }
    say(response, n);
  },
};
const server = require('node:http').createServer({ requestTimeout: 0, headersTimeout: 0 }, applications[process.argv[1]]);
process.on('SIGTERM', () => process.exit(0));
server.listen({ fd: Number(process.argv[2]) });
`

func (c *control) node() error {
	return c.run("node", nil, func(string) ([]string, error) {
		return []string{"-e", nodeServer, "--", c.app, fmt.Sprint(inherited)}, nil
	})
}
