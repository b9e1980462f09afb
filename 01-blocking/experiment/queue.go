package experiment

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
)

// Queue shows what a backlog is, without any load: so many clients connect to a listener that nobody accepts
// from. Clients are at most twice as many as fit, so that all who were dropped find room when they try again.
// (More would meet a second full queue in the middle of the handshake; there Linux lets a client believe that it
// is connected, and drops its last packet, until it sends something: tcp_check_req. These clients send nothing.)
type Queue struct {
	Backlog int
	Clients int
}

// A QueueResult is what became of the clients. Connected is how many the kernel took into the queue while
// nobody accepted: on Linux one more than the backlog. The packet of each other one was dropped, without a
// word; Slowest is when the last of all was connected, once somebody accepted: after it had sent the packet
// again.
type QueueResult struct {
	Connected int
	Slowest   time.Duration // since its connect began
}

// Run connects all clients, looks, and then accepts them all.
func (q Queue) Run() (*QueueResult, error) {
	if room := q.Backlog + 1; q.Clients > 2*room {
		return nil, fmt.Errorf("%d clients for a queue of %d: choose at most %d", q.Clients, room, 2*room)
	}
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{Backlog: q.Backlog})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	if err := listener.SetReadTimeout(bound); err != nil { // for accept
		return nil, err
	}
	clients := make([]sock.NonBlocking, 0, q.Clients)
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	start := time.Now()
	result := &QueueResult{}
	for range q.Clients {
		// On loopback the answer of the kernel is there when connect returns, if there is one.
		c, err := sock.Connect(at)
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	for _, c := range clients {
		if _, err := unix.Getpeername(int(c)); err == nil {
			result.Connected++
		}
	}
	for n := range q.Clients {
		c, err := listener.Accept()
		if err != nil {
			return nil, fmt.Errorf("client %d of %d: %w", n+1, q.Clients, err)
		}
		defer c.Close()
		result.Slowest = time.Since(start)
	}
	return result, nil
}
