// Package load asks a server for the same thing over and over, as fast as it answers, and checks every
// answer.
//
// [Start] starts a process of clients, each a coroutine with a connection of its own, and returns when each
// of them has had its first answers: the server is warm then, and nobody connects any more. [Process.Go] lets
// them run, for a time or a number of requests, and returns what they saw. So whoever measures the server
// looks at it before Go and after it, and sees these requests and nothing else.
//
// Every client's first answer is read by http1's parser and must be a 200 with the right body. All later
// ones must equal it byte for byte, except for the value of Date: that is as strict, and costs a hundredth.
// The loop is closed: a client sends its next request when it has its answer. So a server that stops for a
// second meets fewer requests in that second, and the latencies flatter it (coordinated omission).
//
// What this package does not do: it sends no bodies and no mixture of requests, keeps no rate, speaks no TLS,
// and measures no server.
package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/c10k/05-comet/faults"
)

// Bounds of [Options].
const (
	MaxClients  = 20_000 // in one process; 20,000 descriptors are the least of the limits that are common
	MaxPipeline = 256    // requests in one write: the answers to them must fit into the socket's buffers
	MaxTime     = 10 * time.Minute
)

// Options say what to ask, and how. Requests and Time both end a run, whichever comes first.
type Options struct {
	Target   netip.AddrPort
	Path     string        // "/"
	Body     string        // what every answer must say
	Clients  int           // 1 to MaxClients, at work at the same time
	Pipeline int           // requests that a client sends together, 1 to MaxPipeline
	Fresh    bool          // each request on a connection of its own, which the server closes; Pipeline is 1
	Idle     int           // further connections, which have one answer and then rest; with Clients at most MaxClients
	Requests int           // after so many no more are sent, apart from those of a pipeline; 0: no bound
	Time     time.Duration // after this no more are sent; at most MaxTime
}

// Check says what is wrong with the options.
func (o *Options) Check() error {
	switch {
	case !o.Target.IsValid() || o.Path == "" || o.Path[0] != '/':
		return errors.New("load: the target and a path that begins with / are needed")
	case o.Clients < 1 || o.Idle < 0 || o.Clients+o.Idle > MaxClients:
		return fmt.Errorf("load: %d clients and %d idle connections: choose from 1 to %d together", o.Clients, o.Idle, MaxClients)
	case o.Pipeline < 1 || o.Pipeline > MaxPipeline || o.Fresh && o.Pipeline > 1:
		return fmt.Errorf("load: %d requests in a pipeline: choose from 1 to %d, and 1 where each has its own connection", o.Pipeline, MaxPipeline)
	case o.Requests < 0 || o.Time <= 0 || o.Time > MaxTime:
		return fmt.Errorf("load: %d requests in %v: choose 0 (no bound) or more, in at most %v", o.Requests, o.Time, MaxTime)
	}
	return nil
}

// A Report is what the clients saw between Go and the last answer.
type Report struct {
	Requests int           // answered, and rightly
	Failed   int           // clients that gave up: each does at its first fault
	Faults   faults.Counts // what happened to those, and to how many
	Elapsed  time.Duration // from Go to the last answer

	// From before a request is sent, with its connection if it has its own, to the end of its answer; of a
	// pipeline to the end of the last answer. Good to 3 %.
	Median, P99, Most time.Duration

	CPU time.Duration // that the clients themselves used: near Elapsed, they are what limits the rate
}

// Rate is the number of requests a second.
func (r *Report) Rate() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }
