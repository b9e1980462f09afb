package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/02-selectors/specimens"
)

// A role is what a process of this program serves as.
type role struct {
	server    string // threads, selectors, forgetful
	poller    string // - is the best that there is
	unlimited bool   // do not keep connections below the poller's end
	few       bool   // lower the limit of descriptors to fewDescriptors
}

const roleVariable = "C10K_WALL02"

func (r role) String() string {
	return fmt.Sprintf("%s %s %v %v", r.server, r.poller, r.unlimited, r.few)
}

// beServer serves if this process was started to; then it does not return.
func beServer() {
	told := os.Getenv(roleVariable)
	if told == "" {
		return
	}
	tool := command.NewTool("wall02", "a server of wall02's")
	var r role
	if _, err := fmt.Sscan(told, &r.server, &r.poller, &r.unlimited, &r.few); err != nil {
		tool.Misused("%s=%q: %v", roleVariable, told, err)
	}
	if r.poller == "-" {
		r.poller = poll.Names()[0]
	}
	tool.Failed(r.serve())
}

func (r role) serve() error {
	if r.few {
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return err
		}
		limit.Cur = min(limit.Cur, fewDescriptors)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	command.OnStop(func() { os.Exit(0) }) // nothing here is worth a graceful end
	switch r.server {
	case "forgetful":
		s, at, err := specimens.New(r.server, "127.0.0.1:0", specimens.Options{
			Complain: func(err error) { fmt.Fprintln(os.Stderr, err) }})
		if err != nil {
			return err
		}
		command.Listening(at)
		return s.Run()
	case "threads":
		l, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
		if err != nil {
			return err
		}
		room, err := sock.ConnectionLimit()
		if err != nil {
			return err
		}
		s := &blocking.Server{Listener: l, Most: room, Model: &blocking.Threads{}, Log: log,
			Options: serve.Options{Handler: app.Faults, Now: time.Now, Log: log}}
		command.Listening(at)
		return s.Serve()
	}
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		return err
	}
	p, err := poll.New(r.poller)
	if err != nil {
		return err
	}
	o := loop.Options{Log: log, Most: poll.Most(r.poller) - sock.Reserved}
	if r.unlimited {
		o.Most = 0
	}
	s, err := loop.New(l, p, loop.Inline(app.Faults), o)
	if err != nil {
		return err
	}
	command.Listening(at)
	return s.Run()
}

// A running server, and what it says on its standard error.
type running struct {
	*conform.Command
	said *said
}

func start(r role) (*running, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), roleVariable+"="+r.String())
	said := &said{most: mostSaid}
	said.change = sync.NewCond(&said.Mutex)
	server, err := conform.Start(child, "", said)
	if err != nil {
		return nil, err
	}
	return &running{server, said}, nil
}

func (r *running) address() string { return strings.TrimPrefix(r.URL, "http://") }

// mostSaid is how much of what a server says is kept, in bytes; lines are counted beyond it.
const mostSaid = 64 << 10

// said keeps the beginning of what a server says, and counts its lines.
type said struct {
	sync.Mutex
	change *sync.Cond
	text   strings.Builder
	lines  int
	most   int
}

func (s *said) Write(b []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	s.text.Write(b[:min(len(b), max(0, s.most-s.text.Len()))])
	s.lines += strings.Count(string(b), "\n")
	s.change.Broadcast()
	return len(b), nil
}

// until waits until match is true of what was said, or, at the latest, for patience.
func (s *said) until(match func(text string, lines int) bool) bool {
	late := time.AfterFunc(patience, func() { s.change.Broadcast() })
	defer late.Stop()
	deadline := time.Now().Add(patience)
	s.Lock()
	defer s.Unlock()
	for !match(s.text.String(), s.lines) {
		if !time.Now().Before(deadline) {
			return false
		}
		s.change.Wait()
	}
	return true
}

// patience is how long anything here is waited for.
const patience = 20 * time.Second

// dial opens a connection with a deadline.
func dial(at string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(patience))
}

// ask sends a request for a path.
func ask(c net.Conn, path string) error {
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	return err
}
