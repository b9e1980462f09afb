package main

import (
	"fmt"
	"time"
)

// neighbours are the clients that ask for something quick while one handler is slow.
const neighbours = 20

// slowness is what the neighbours saw.
type slowness struct {
	meanwhile int           // answers that came before the slow handler can have ended
	last      time.Duration // from the slow request to the last answer to a neighbour
}

// slow asks a server for something slow, and then, from many other connections, for something quick. fault is
// block (a system call) or spin (a computation).
func slow(role, fault string, d time.Duration) (slowness, error) {
	var seen slowness
	s, err := start(role)
	if err != nil {
		return seen, err
	}
	defer s.Stop()
	var clients []*client
	for range neighbours + 1 {
		c, err := dial(address(s))
		if err != nil {
			return seen, err
		}
		defer c.Close()
		if _, err := c.ask("/"); err != nil { // it is accepted
			return seen, err
		}
		clients = append(clients, c)
	}
	target := fmt.Sprintf("/block?ms=%d", d.Milliseconds())
	if fault == "spin" {
		target = fmt.Sprintf("/spin?us=%d", d.Microseconds())
	}
	begun := time.Now()
	for _, c := range clients { // the first is the slow one; its request is at the server before the next is sent
		if err := c.send(target); err != nil {
			return seen, err
		}
		target = "/"
	}
	for _, c := range clients[1:] {
		if _, _, err := c.receive(); err != nil {
			return seen, err
		}
		seen.last = time.Since(begun)
		if seen.last < d {
			seen.meanwhile++
		}
	}
	return seen, nil
}
