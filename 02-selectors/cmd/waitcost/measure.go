package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// A cost is what one Wait took, once for each round.
type cost struct {
	poller       string
	idle         int
	microseconds []float64
}

const (
	// few descriptors are open beside the idle ones.
	few = sock.Reserved

	// Each value is the mean of so many waits: as many as fill this time, and at least leastWaits.
	span       = 20 * time.Millisecond
	leastWaits = 20
)

// run goes through all pollers and counts in each round, so that what disturbs the machine for a while
// disturbs them all. What a poller cannot watch, or this process cannot open, is left out.
func run(counts []int, rounds int) ([]cost, error) {
	var costs []cost
	for range rounds {
		at := 0
		for _, name := range poll.Names() {
			for _, idle := range counts {
				if idle+few > min(poll.Most(name), sock.DescriptorLimit()) {
					continue
				}
				microseconds, err := one(name, idle)
				if err != nil {
					return nil, err
				}
				if at == len(costs) {
					costs = append(costs, cost{poller: name, idle: idle})
				}
				costs[at].microseconds = append(costs[at].microseconds, microseconds)
				at++
			}
		}
	}
	return costs, nil
}

// one is the mean time of a Wait on a fresh poller, in microseconds.
func one(name string, idle int) (float64, error) {
	p, closeAll, err := watch(name, idle)
	if err != nil {
		return 0, err
	}
	defer closeAll()
	events := make([]poll.Event, 8)
	waits, start := 0, time.Now()
	for ; waits < leastWaits || time.Since(start) < span; waits++ {
		if n, err := p.Wait(events, -1); n != 1 || err != nil {
			return 0, fmt.Errorf("%s with %d idle descriptors reported %d events instead of 1 (%v)", name, idle, n, err)
		}
	}
	return float64(time.Since(start).Nanoseconds()) / float64(waits) / 1e3, nil
}

// watch makes a poller of one descriptor that is always readable and many that never are. An idle one is a
// UDP socket that nobody sends to: a socket as any other to a poller, and it takes one descriptor, where a
// connection within this process would take two.
func watch(name string, idle int) (p poll.Poller, closeAll func(), err error) {
	var open []int
	closeAll = func() {
		for _, fd := range open {
			if p != nil {
				p.Set(fd, 0)
			}
			unix.Close(fd)
		}
		if p != nil {
			p.Close()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
			p, closeAll, err = nil, nil, fmt.Errorf("%d idle descriptors: %w", idle, err)
		}
	}()
	if p, err = poll.New(name); err != nil {
		return
	}
	ready, filled, err := sock.Pair()
	if err != nil {
		return
	}
	open = append(open, int(ready), int(filled))
	if _, err = filled.Write([]byte{0}); err != nil {
		return
	}
	for range idle {
		var fd int
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
			return
		}
		open = append(open, fd)
		if err = p.Set(fd, poll.Read); err != nil {
			return
		}
	}
	err = p.Set(int(ready), poll.Read)
	return
}
