package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// neighbours are the clients that ask for something quick while one handler is slow.
const neighbours = 20

// slowness is what the neighbours saw.
type slowness struct {
	meanwhile int           // answers that came before the slow handler can have ended
	last      time.Duration // from the slow request to the last answer to a neighbour

	answered []time.Duration // the same for each neighbour, in the order in which they asked
}

// slow asks a server for something slow, and then, from many other connections, for something quick. fault is
// block (a system call) or spin (a computation).
func slow(server, fault string, d time.Duration) (slowness, error) {
	var seen slowness
	s, err := start(role{server: server, poller: "-"})
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	type client struct {
		net.Conn
		answers *bufio.Reader
	}
	var clients []client
	for range neighbours + 1 {
		c, err := dial(s.address())
		if err != nil {
			return seen, err
		}
		defer c.Close()
		clients = append(clients, client{c, bufio.NewReader(c)})
		if err := ask(c, "/"); err != nil {
			return seen, err
		}
		if _, err := readAnswer(clients[len(clients)-1].answers); err != nil {
			return seen, err
		}
	}
	path := fmt.Sprintf("/block?ms=%d", d.Milliseconds())
	if fault == "spin" {
		path = fmt.Sprintf("/spin?us=%d", d.Microseconds())
	}
	begun := time.Now()
	for i, c := range clients { // the first is the slow one; its request is at the server before the next is sent
		if i > 0 {
			path = "/"
		}
		if err := ask(c, path); err != nil {
			return seen, err
		}
	}
	for _, c := range clients[1:] {
		if _, err := readAnswer(c.answers); err != nil {
			return seen, err
		}
		seen.last = time.Since(begun)
		seen.answered = append(seen.answered, seen.last)
		if seen.last < d {
			seen.meanwhile++
		}
	}
	return seen, nil
}

// readAnswer reads a whole answer and returns its status.
func readAnswer(r *bufio.Reader) (int, error) {
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}
