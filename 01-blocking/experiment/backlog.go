package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Backlog is a load of many short connections, as that of ab without -k: each client connects, asks for hello
// once, reads to the end, and begins again. So the server accepts a connection for each request, and its
// listener's queue is full whenever it was busy elsewhere for a moment.
type Backlog struct {
	Address  string
	Clients  int // at the same time
	Requests int // in all

	// Longest is when a request is given up; its time counts as this. A connect that is dropped is repeated
	// after 1, 3, 7, 15, 31 seconds, and the load is to end.
	Longest time.Duration
}

// A BacklogResult is how long the requests took, each from its connect to its answer's last byte.
type BacklogResult struct {
	Median, P99, Worst time.Duration
	Waited             int // requests that took longer than a second: a connect that was dropped and repeated
	GivenUp            int // of these, requests that had no answer after the Longest time
}

// retransmission is when a client sends its first packet again: a second after the first, then two seconds
// after that, four, eight (RFC 6298, section 2; Linux: TCP_TIMEOUT_INIT). Slack is for the clock's grain.
const retransmission = time.Second - 10*time.Millisecond

// Run puts the load on a server that listens already. A request that fails ends it with an error.
func (b Backlog) Run() (*BacklogResult, error) {
	times := make([][]time.Duration, b.Clients)
	var begun, failed atomic.Int64
	failures := make(chan error, b.Clients)
	var all sync.WaitGroup
	for i := range b.Clients {
		all.Go(func() {
			for failed.Load() == 0 && begun.Add(1) <= int64(b.Requests) {
				start := time.Now()
				err := b.request(start.Add(b.Longest))
				var late net.Error
				if errors.As(err, &late) && late.Timeout() {
					times[i] = append(times[i], b.Longest)
					continue
				}
				if err != nil {
					failed.Add(1)
					failures <- err
					return
				}
				times[i] = append(times[i], time.Since(start))
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 {
		return nil, <-failures
	}
	return b.summary(slices.Concat(times...)), nil
}

var lastRequest = []byte("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

func (b Backlog) request(until time.Time) error {
	c, err := net.DialTimeout("tcp", b.Address, time.Until(until))
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(until)
	if _, err := c.Write(lastRequest); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(answer, []byte("\r\n\r\nHello, World!")) {
		return fmt.Errorf("the answer is %q", answer)
	}
	return nil
}

// summary sorts the times; there is at least one.
func (b Backlog) summary(times []time.Duration) *BacklogResult {
	slices.Sort(times)
	n := len(times)
	result := &BacklogResult{Median: times[n/2], P99: times[n*99/100], Worst: times[n-1]}
	for _, t := range times {
		if t >= retransmission {
			result.Waited++
		}
		if t == b.Longest {
			result.GivenUp++
		}
	}
	return result
}
