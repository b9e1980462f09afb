package main

import (
	"errors"
	"fmt"
	"time"
)

const (
	// askers are the clients that let a server compute: as many as there are cores to use.
	askers = 2

	// portion is how long each of their requests computes.
	portion = 25 * time.Millisecond
)

// A use is what servers did with their cores.
type use struct {
	wall time.Duration // from the first request to the last answer
	cpu  time.Duration // of all servers, meanwhile
}

// cores is how many of them were busy with it, on the average.
func (u use) cores() float64 { return u.cpu.Seconds() / u.wall.Seconds() }

// cores has servers compute for so long in all: two clients ask at the same time, of one process or of one
// each, and each asks again and again.
func cores(role string, processes int, in time.Duration) (use, error) {
	servers, stopAll, err := startAll(role, processes)
	if err != nil {
		return use{}, err
	}
	defer stopAll()
	var clients []*client
	for i := range askers {
		c, err := dial(address(servers[i%processes]))
		if err != nil {
			return use{}, err
		}
		defer c.Close()
		clients = append(clients, c)
	}
	before, err := usedBy(clients[:processes])
	if err != nil {
		return use{}, err
	}
	begun := time.Now()
	ended := make(chan error, askers)
	for _, c := range clients {
		go func() { ended <- c.compute(in / askers) }()
	}
	var failed error
	for range clients {
		failed = errors.Join(failed, <-ended)
	}
	wall := time.Since(begun)
	if failed != nil {
		return use{}, failed
	}
	after, err := usedBy(clients[:processes])
	return use{wall, after - before}, err
}

// compute asks a server to compute for so long, in portions.
func (c *client) compute(d time.Duration) error {
	for ; d > 0; d -= portion {
		if _, err := c.ask(fmt.Sprintf("/spin?us=%d", min(d, portion).Microseconds())); err != nil {
			return err
		}
	}
	return nil
}

// usedBy is the processor time that the clients' servers have used, one for each client.
func usedBy(clients []*client) (time.Duration, error) {
	var all time.Duration
	for _, c := range clients {
		us, err := c.number("/used")
		if err != nil {
			return 0, err
		}
		all += time.Duration(us) * time.Microsecond
	}
	return all, nil
}
