// Package wall runs into the two walls of stage 01, and measures where they stand.
//
// The first: a server that serves one connection at a time stops for everybody while one client is silent
// ([Silence]). A time-out turns "for ever" into "for that long each", and a thread for each connection takes
// the wall away. The second: threads end at a number, and in Go it is 10,000, where the runtime gives up
// ([Crowd]). The test of this package asserts what the command wall01 prints; both run the same code.
//
// The servers are those of package blocking, on real sockets of this machine. A silence is run inside this
// process, because its recording has both sides on one clock; a crowd is run against a child process, because
// it is meant to die: the command or the test starts itself again, and main or TestMain calls [Child] first.
//
// What this package does not do: it compares no times with a stopwatch of its own liking. What it asserts is
// the order of events, counts, and lower bounds that follow from a time-out.
package wall

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
)

// bound is how long something may take that must come. It says only when to give up.
const bound = 20 * time.Second

// largestAnswer is more than any answer that is read here has.
const largestAnswer = 4 << 10

// A server is one of stage 01 that runs in this process and is recorded.
type server struct {
	address  string
	listener sock.Blocking
	ended    chan error
}

// startHello starts a server of the application hello.
func startHello(threads bool, timeouts serve.Timeouts, r *trace.Recorder) (*server, error) {
	most, err := sock.ConnectionLimit()
	if err != nil {
		return nil, err
	}
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		return nil, err
	}
	s := &blocking.Server{Listener: listener, Most: most, Trace: r,
		Options: serve.Options{Handler: app.Hello, Timeouts: timeouts, Now: time.Now}}
	if threads {
		s.Model = strand.Model(&blocking.Threads{Trace: r})
	}
	running := &server{address: at.String(), listener: listener, ended: make(chan error, 1)}
	go func() { running.ended <- s.Serve() }()
	return running, nil
}

// stop ends the server when its clients are gone. A thread inside accept hears nobody, and the time-out that
// its listener is given counts for the next accept only: so one more connection is made, to wake it.
func (s *server) stop() error {
	defer s.listener.Close()
	if err := s.listener.SetReadTimeout(time.Millisecond); err != nil {
		return err
	}
	if last, err := net.Dial("tcp", s.address); err == nil {
		last.Close()
	}
	select {
	case <-s.ended: // "accept: timed out", which is what was asked for
		return nil
	case <-time.After(bound):
		return fmt.Errorf("the server did not come back to accept within %v", bound)
	}
}

// request asks for one answer, and says that there will be no further request: the answer ends with the
// connection.
const request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// greeted reads an answer of hello to its end.
func greeted(c net.Conn, until time.Time) error {
	c.SetReadDeadline(until)
	answer, err := io.ReadAll(io.LimitReader(c, largestAnswer))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(answer, []byte("\r\n\r\nHello, World!")) {
		return fmt.Errorf("the answer is %q", answer)
	}
	return nil
}
