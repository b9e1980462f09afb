package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// patience is how long a test waits for an event before it gives up.
const patience = 60 * time.Second

// A server is a comet command under test.
type server struct {
	*testing.T
	pid  int
	addr string

	// Its standard error, line by line. Somebody must read on even if nobody asks: a full pipe would stop
	// the server at its next word.
	mutex sync.Mutex
	grown sync.Cond
	lines []string
	ended bool
}

func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	program := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	cmd := exec.Command(program, append(args, "-addr", "127.0.0.1:0", "-debug")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{T: t, pid: cmd.Process.Pid}
	s.grown.L = &s.mutex
	go s.listen(stderr)
	late := time.AfterFunc(3*patience, func() { cmd.Process.Kill() }) // then its log ends, and who waits for it
	t.Cleanup(func() {
		defer late.Stop()
		cmd.Process.Signal(syscall.SIGTERM)
		s.mutex.Lock()
		for !s.ended {
			s.grown.Wait()
		}
		s.mutex.Unlock()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	line := s.read("listening on http://")
	s.addr = line[strings.Index(line, "http://")+len("http://"):]
	return s
}

func (s *server) listen(stderr io.Reader) {
	log := bufio.NewScanner(stderr)
	for more := true; more; {
		more = log.Scan()
		s.mutex.Lock()
		if more {
			s.lines = append(s.lines, log.Text())
		}
		s.ended = !more
		s.mutex.Unlock()
		s.grown.Broadcast()
	}
}

// read takes lines off the log up to one that contains all of the words, and returns that.
func (s *server) read(words ...string) string {
	s.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for {
		for len(s.lines) > 0 {
			line := s.lines[0]
			s.lines = s.lines[1:]
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return line
			}
		}
		if s.ended {
			s.Fatalf("the server's log ended before a line with %q", words)
		}
		s.grown.Wait()
	}
}

// workers are the pids of its worker processes. A child belongs to the thread that started it, so all
// threads are asked (proc(5), /proc/PID/task/TID/children).
func (s *server) workers() []int {
	s.Helper()
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.pid))
	if len(lists) == 0 {
		s.Skip("worker processes are found in /proc/PID/task/TID/children, which this system does not have")
	}
	var pids []int
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(children)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				s.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		s.Fatal("the server has no worker process")
	}
	return pids
}

// A crowd is many clients in /wait, coroutines of one scheduler.
type crowd struct {
	*server
	scheduler *coro.Scheduler
	waiting   int            // connections that are open in /wait
	lost      int            // that ended without an answer
	told      map[string]int // answers, by body
	changed   strand.Waiter
}

// with runs a test as a coroutine with a crowd.
func (s *server) with(test func(c *crowd)) {
	s.Helper()
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		s.Fatal(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		s.Fatal(err)
	}
	defer kernel.End()
	c := &crowd{server: s, scheduler: coro.New(kernel, coro.Options{}), told: map[string]int{}}
	c.changed = c.scheduler.NewWaiter()
	if err := c.scheduler.Run(func() { test(c) }); err != nil {
		s.Error(err)
	}
}

// connecting is how many clients connect at the same time: below the listener's backlog.
const connecting = 500

// park opens n more connections in /wait, and returns when the server counts all of the crowd.
func (c *crowd) park(n int) {
	for opened := 0; opened < n; {
		for range min(connecting, n-opened) {
			opened++
			c.waiting++
			c.scheduler.Go("client", c.client)
		}
		c.await("/ counts the crowd", func() bool { return c.get("/") == strconv.Itoa(c.waiting) })
	}
}

// client waits for one answer.
func (c *crowd) client() {
	body, err := c.exchange("/wait")
	c.waiting--
	if err != nil {
		c.lost++
	} else {
		c.told[body]++
	}
	c.changed.Wake()
}

// await waits for an event that only asking can show; each look is a round trip.
func (c *crowd) await(what string, happened func() bool) {
	for end := time.Now().Add(patience); !happened(); {
		if time.Now().After(end) {
			c.Errorf("it never came about that %s: %d wait, %d lost, / says %s", what, c.waiting, c.lost, c.get("/"))
			c.scheduler.Stop()
			return
		}
		c.scheduler.Yield() // a look that asks nobody must not keep the others from running
	}
}

// emptied waits until no client waits any more.
func (c *crowd) emptied() {
	for c.waiting > 0 {
		if err := c.changed.Wait(time.Now().Add(patience)); err != nil {
			c.Errorf("%d clients still wait: %v", c.waiting, err)
			c.scheduler.Stop()
			return
		}
	}
}

func (c *crowd) get(path string) string {
	body, err := c.exchange(path)
	if err != nil {
		return err.Error()
	}
	return body
}

// exchange sends one request and returns the answer's body.
func (c *crowd) exchange(path string) (string, error) {
	conn, err := c.scheduler.Dial(c.addr, time.Now().Add(patience))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.Send(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path), time.Time{})
	var all []byte
	for {
		b, err := conn.Recv(time.Time{})
		all = append(all, b...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	head, body, whole := bytes.Cut(all, []byte("\r\n\r\n"))
	if !whole || !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return "", fmt.Errorf("no answer: %q", all)
	}
	return string(body), nil
}
