// Command tiny is the idea of this stage in a hundred lines: an echo server whose code waits as if it had
// a thread for itself, and which has none.
//
// A coroutine yields why it waits: for which descriptor, and for what. The loop asks the poller which of
// them are ready, and resumes those who wait for them. That is all; everything else in package coro is
// what a server needs besides: time, channels, cancelling, errors, speed.
//
// What it does not do: it has no time-outs, and a client that reads more slowly than it sends is hung up on.
package main

import (
	"fmt"
	"iter"
	"os"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// A reason is what a coroutine yields: wake me when fd is ready for want.
type reason struct {
	fd   sock.NonBlocking
	want poll.Interest
}

// A coroutine runs until it yields, when it is called; false says that it has returned.
type coroutine func() (reason, bool)

// A loop looks and resumes.
type loop struct {
	poller  poll.Poller
	waiting map[int]coroutine
}

// spawn starts fn, which may call yield, as often as it likes, where it has to wait.
func (l *loop) spawn(fn func(yield func(reason) bool)) {
	resume, _ := iter.Pull(fn)
	l.step(resume)
}

// step runs a coroutine until it waits, and notes for what.
func (l *loop) step(resume coroutine) {
	why, waits := resume()
	if !waits {
		return // its function has returned
	}
	l.waiting[int(why.fd)] = resume
	if err := l.poller.Set(int(why.fd), why.want); err != nil {
		fail(err)
	}
}

// run looks and resumes, for ever.
func (l *loop) run() {
	events := make([]poll.Event, 64)
	for {
		n, err := l.poller.Wait(events, -1)
		if err != nil {
			fail(err)
		}
		for _, e := range events[:n] {
			resume := l.waiting[int(e.FD)]
			delete(l.waiting, int(e.FD))
			l.poller.Set(int(e.FD), 0) // it may close the descriptor now, or wait for something else
			l.step(resume)
		}
	}
}

// accept is a straight line: wait for a connection, start a coroutine for it, again.
func (l *loop) accept(listener sock.NonBlocking, yield func(reason) bool) {
	for yield(reason{listener, poll.Read}) {
		if c, err := listener.Accept(); err == nil {
			l.spawn(func(yield func(reason) bool) { echo(c, yield) })
		}
	}
}

// echo is another: wait for bytes, send them back, again.
func echo(c sock.NonBlocking, yield func(reason) bool) {
	defer c.Close()
	buffer := make([]byte, 4096)
	for yield(reason{c, poll.Read}) {
		n, err := c.Read(buffer)
		if err == sock.ErrAgain {
			continue
		}
		if err != nil { // io.EOF at best
			return
		}
		if sent, _ := c.Write(buffer[:n]); sent < n {
			return
		}
	}
}

func main() {
	addr := "127.0.0.1:8080"
	if len(os.Args) > 1 {
		addr = os.Args[1]
	}
	listener, at, err := sock.ListenNonBlocking(addr, sock.Options{})
	if err != nil {
		fail(err)
	}
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		fail(err)
	}
	l := &loop{poller, map[int]coroutine{}}
	l.spawn(func(yield func(reason) bool) { l.accept(listener, yield) })
	fmt.Fprintf(os.Stderr, "listening on tcp://%s\n", at)
	l.run()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "tiny:", err)
	os.Exit(1)
}
