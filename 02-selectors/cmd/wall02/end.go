package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// crowd is how many clients come and stay: more than select's sets have room for.
const crowd = 1200

// ending is how far a poller got.
type ending struct {
	served int    // clients that were answered
	next   string // what the first one saw who was not
}

// pollersToEnd are select, select without the limit that keeps connections below its end, and the best poller
// that there is.
func pollersToEnd() []role {
	return []role{
		{server: "selectors", poller: "select"},
		{server: "selectors", poller: "select", unlimited: true},
		{server: "selectors", poller: poll.Names()[0]},
	}
}

// end brings one client after the other, each asks once and stays, until one is not served.
func end(r role) (ending, error) {
	var seen ending
	if have, want := sock.DescriptorLimit(), crowd+sock.Reserved; have < want {
		return seen, fmt.Errorf("this wall needs %d descriptors, and here are %d: raise the limit with ulimit -n %d", want, have, want)
	}
	s, err := start(r)
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	var first net.Conn
	for range crowd {
		c, err := dial(s.address())
		if err != nil {
			return seen, err
		}
		defer c.Close()
		answers := bufio.NewReader(c)
		err = ask(c, "/")
		status := 0
		if err == nil {
			status, err = readAnswer(answers)
		}
		switch {
		case err == nil && status != 503:
			seen.served++
			if first == nil {
				first = c
			}
			continue
		case err == nil:
			seen.next = "is told 503"
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			// Complaints come once a second at most, and this is the first.
			s.said.until(func(text string, _ int) bool { return strings.Contains(text, "choose -poller") })
			seen.next = "is cut off: " + complaint(s.said)
		default:
			return seen, err
		}
		return seen, stillServed(first)
	}
	seen.next = "would be served too"
	return seen, stillServed(first)
}

// stillServed asks once more on a connection that was served before.
func stillServed(c net.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if err := ask(c, "/"); err != nil {
		return err
	}
	_, err := readAnswer(bufio.NewReader(c))
	return err
}

var errorField = regexp.MustCompile(`error="([^"]*)"`)

// complaint is the first error that a server has logged.
func complaint(s *said) string {
	s.Lock()
	defer s.Unlock()
	found := errorField.FindStringSubmatch(s.text.String())
	if found == nil {
		return s.text.String()
	}
	return found[1]
}
