package main

import (
	"bytes"
	"os"
	"os/exec"
	"time"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// bareVariable tells a process of this program to be the bare server, and on which poller.
const bareVariable = "C10K_BARE"

func bareCommand(poller string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		tool.Failed(err)
	}
	c := exec.Command(program)
	c.Env = append(os.Environ(), bareVariable+"="+poller)
	return c
}

// beBare serves if this process was started to; then it does not return.
func beBare() {
	poller := os.Getenv(bareVariable)
	if poller == "" {
		return
	}
	command.OnStop(func() { os.Exit(0) })
	tool.Failed(serveBare(poller))
}

func serveBare(name string) error {
	poller, err := poll.New(name)
	if err != nil {
		return err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return err
	}
	s := coro.New(kernel, coro.Options{})
	l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 4096})
	if err != nil {
		return err
	}
	command.Listening(l.At())
	var failed error
	err = s.Run(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				failed = err
				return
			}
			s.Go("connection", func() { greet(c) })
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

var (
	blankLine = []byte("\r\n\r\n")
	greeting  = []byte("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!")
)

// longestHead is when a client is hung up on that never comes to the blank line.
const longestHead = 16 << 10

// greet is the document's server: it looks for the end of the head, and for nothing in it.
func greet(c *coro.Conn) {
	defer c.Close()
	var head []byte
	for len(head) < longestHead {
		b, err := c.Recv(time.Time{})
		if err != nil {
			return
		}
		if head == nil && bytes.HasSuffix(b, blankLine) { // all of it at once, as nearly always
			c.Send(greeting, time.Time{})
			return
		}
		if head = append(head, b...); bytes.Contains(head, blankLine) {
			c.Send(greeting, time.Time{})
			return
		}
	}
}
