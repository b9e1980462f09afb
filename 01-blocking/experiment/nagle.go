// Package experiment measures two effects of the kernel that a server's author meets early and rarely knows.
//
// [Nagle]: an answer that is written in two pieces, head and body, costs forty milliseconds, although nothing
// in the program waits. [Backlog] and [Queue]: a listener's queue that is too short makes a few clients wait a
// second or more, and neither the median nor the 99th percentile shows it.
//
// The servers are sockets of this machine, the clients too, all on loopback and bounded. Times are measured
// and returned; what the tests assert of them is counts, orders of magnitude, and lower bounds that follow from
// the kernel's own timers.
//
// What this package does not do: it changes no setting of the machine, and package sock gets no option to leave
// TCP_NODELAY off: nobody but this experiment should want to.
package experiment

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
)

// bound is how long something may take that must come. It says only when to give up.
const bound = 20 * time.Second

// request asks hello for its answer.
const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// Nagle is a way to hand answers to the kernel.
//
// Nagle's algorithm (RFC 896) sends a small segment only when all that was sent before is acknowledged, and a
// receiver delays its acknowledgement in the hope of an answer to send it with (RFC 1122, 4.2.3.2; 40 ms on
// Linux). The head goes out, the body waits for the acknowledgement, and the client, who has the head only,
// has nothing to say.
type Nagle struct {
	TwoWrites bool // the head and the body in a write each; otherwise both in one
	NoDelay   bool // TCP_NODELAY: segments are sent at once
}

// A NagleResult is what a number of requests on one connection cost.
type NagleResult struct {
	Times []time.Duration // of each request, from its write to the answer's last byte

	// Held is how many answers the kernel had not sent whole when the last write had returned: their rest
	// waited for an acknowledgement. -1 where the system does not tell (Linux does, TCP_INFO).
	Held int
}

// Run serves so many requests of one client, one after another.
func (n Nagle) Run(requests int) (*NagleResult, error) {
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	if err := listener.SetReadTimeout(bound); err != nil { // for accept
		return nil, err
	}
	type outcome struct {
		held int
		err  error
	}
	served := make(chan outcome, 1)
	go func() {
		held, err := n.serve(listener)
		served <- outcome{held, err}
	}()
	times, err := ask(at.String(), requests)
	server := <-served // it ends with its client, or with its time-out
	switch {
	case err != nil:
		return nil, err
	case server.err != nil:
		return nil, server.err
	}
	return &NagleResult{Times: times, Held: server.held}, nil
}

// ask makes requests on one connection, and closes it.
func ask(address string, requests int) ([]time.Duration, error) {
	c, err := net.DialTimeout("tcp", address, bound)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(bound))
	answers := bufio.NewReader(c)
	var times []time.Duration
	for range requests {
		start := time.Now()
		if _, err := io.WriteString(c, request); err != nil {
			return nil, err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || string(body) != "Hello, World!" {
			return nil, fmt.Errorf("the answer is %q, %v", body, err)
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

// serve answers one client until it leaves, and counts the answers that the kernel held back.
func (n Nagle) serve(listener sock.Blocking) (held int, err error) {
	c, err := listener.Accept()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	noDelay := 0
	if n.NoDelay {
		noDelay = 1
	}
	if err := unix.SetsockoptInt(int(c), unix.IPPROTO_TCP, unix.TCP_NODELAY, noDelay); err != nil {
		return 0, fmt.Errorf("TCP_NODELAY: %w", err)
	}
	if err := c.SetReadTimeout(bound); err != nil {
		return 0, err
	}
	var asked http1.Request
	var date http1.Date
	parser := http1.NewParser(&asked, nil)
	buffer := make([]byte, 4096)
	for {
		r, err := parser.Next()
		if err != nil {
			return 0, err
		}
		if r == nil {
			k, err := c.Read(buffer)
			if err == io.EOF {
				return held, nil
			}
			if err != nil {
				return 0, err
			}
			parser.Feed(buffer[:k])
			continue
		}
		answer := http1.AppendResponse(nil, r.Framing(), app.Hello(r), date.At(time.Now()))
		if err := n.write(c, answer); err != nil {
			return 0, err
		}
		switch waits := unsent(int(c)); {
		case waits < 0:
			held = -1
		case waits > 0:
			held++
		}
	}
}

// write hands an answer to the kernel, in one piece or in two.
func (n Nagle) write(c sock.Blocking, answer []byte) error {
	const blankLine = "\r\n\r\n"
	pieces := [][]byte{answer}
	if n.TwoWrites {
		body := bytes.Index(answer, []byte(blankLine)) + len(blankLine)
		pieces = [][]byte{answer[:body], answer[body:]}
	}
	for _, piece := range pieces {
		if k, err := c.Write(piece); err != nil || k < len(piece) {
			return fmt.Errorf("wrote %d of %d bytes: %w", k, len(piece), err)
		}
	}
	return nil
}
