package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/conform"
)

const (
	clients  = 10               // at a time; Stevens had 5 processes with 500 connections each
	patience = 20 * time.Second // for anything that must come
)

// serveOnce starts a server, runs a load, and stops it. It returns what the server wrote to its standard error
// and what all its processes used: of those that were waited for, which a server's children are by the server,
// and the server is here (getrusage(2), RUSAGE_CHILDREN).
func serveOnce(server *exec.Cmd, load func(address string) error) (said string, used usage, err error) {
	var all writer
	before := childrenUsage()
	command, err := conform.Start(server, "", &all)
	if err != nil {
		return "", usage{}, err
	}
	failed := load(strings.TrimPrefix(command.URL, "http://"))
	if err := command.Stop(); err != nil {
		return "", usage{}, err
	}
	return all.String(), childrenUsage().less(before), failed
}

// A usage is CPU time, of program and kernel together, and how often a thread went to sleep by itself: each
// time it has to be woken again.
type usage struct {
	cpu    time.Duration
	sleeps int64
}

func (u usage) less(v usage) usage { return usage{u.cpu - v.cpu, u.sleeps - v.sleeps} }

func childrenUsage() usage {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &used); err != nil {
		panic("getrusage failed, which no argument given here can cause: " + err.Error())
	}
	return usage{time.Duration(used.Utime.Nano() + used.Stime.Nano()), int64(used.Nvcsw)}
}

// A writer may be written to while it is read.
type writer struct {
	sync.Mutex
	bytes.Buffer
}

func (w *writer) Write(b []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.Buffer.Write(b)
}

func (w *writer) String() string {
	w.Lock()
	defer w.Unlock()
	return w.Buffer.String()
}

// connections makes n of them, most at a time, each with one request, and counts the answers' bodies.
func connections(address string, n, most int) (bodies map[string]int, err error) {
	bodies = map[string]int{}
	var left atomic.Int64
	left.Store(int64(n))
	var guard sync.Mutex
	var all sync.WaitGroup
	for range most {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				body, failed := one(address)
				guard.Lock()
				if bodies[body]++; failed != nil {
					err = failed
				}
				guard.Unlock()
				if failed != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return bodies, err
}

// one is a connection with one request.
func one(address string) (body string, err error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != 200 {
		err = fmt.Errorf("status %d: %s", answer.StatusCode, b)
	}
	return string(b), err
}

// asked keeps connections busy with one path for a time, and returns how many answers came: one for each
// connection at least.
func asked(address, path string, connections int, d time.Duration) (answers int, err error) {
	var count atomic.Int64
	failures := make(chan error, connections)
	until := time.Now().Add(d)
	for range connections {
		go func() { failures <- askUntil(address, path, until, &count) }()
	}
	for range connections {
		if failed := <-failures; failed != nil {
			err = failed
		}
	}
	return int(count.Load()), err
}

func askUntil(address, path string, until time.Time, count *atomic.Int64) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	answers := bufio.NewReaderSize(c, 256<<10)
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for first := true; first || time.Now().Before(until); first = false {
		c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Write(request); err != nil {
			return err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != 200 {
			return fmt.Errorf("GET %s: status %d, %v", path, answer.StatusCode, err)
		}
		count.Add(1)
	}
	return nil
}
