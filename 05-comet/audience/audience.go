// Package audience is clients that follow topics with a cursor, publishers that tell them things, and an
// account of every message at every client: sent N, received N, lost 0, doubled 0, resets R.
//
// [Run] opens the clients in child processes: pollers (/events, connections kept) and streams (/stream), of
// which some read slowly; some connections are cut at random. When all have a cursor, the publishers begin.
// When the time is over, everybody must come to have everything: so a message counts as lost only when it was
// acknowledged to its publisher and a client does not have it although it could come back for it. A message
// whose acknowledgement did not arrive is in doubt: then all of its topic's clients must have it, or none.
//
// What a client has is one number for each series (message.go), so an account is as small after an hour
// as after a second (account.go).
//
// The clients are coroutines in processes that are this same program: a program that calls Run calls [IsChild]
// first. What this package does not do: it follows one topic with each client, and starts and stops no server.
package audience

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"example.com/c10k/05-comet/faults"
	"example.com/c10k/05-comet/swarm"
)

// Options say what to run.
type Options struct {
	URL       string // of the server: http://HOST:PORT
	PID       int    // the server's first process, to measure it; 0 does not measure
	Processes int    // at least so many client processes; 0 lets the limits decide

	Pollers int // clients of /events
	Streams int // clients of /stream
	Slow    int // of these, so many read slowly: they rest up to SlowPause before each look
	Topics  int // client i follows topic i modulo Topics

	Publishers int     // each waits for its acknowledgement before it goes on
	Rate       float64 // messages a second, of all publishers together, at most
	Size       int     // bytes of a message, at least; it is never shorter than what the account needs
	Kills      float64 // connections cut in a second, in the mean, of all clients
	Time       time.Duration
	Signals    []syscall.Signal // sent to PID, and divide Time into equal parts: see swarm.ParseSignals

	Progress io.Writer // where a person looks; nil shows nothing
}

// Bounds of Options.
const (
	MaxPublishers = 256
	MaxRate       = 100_000.0
	MaxSize       = 60 << 10 // a comet server takes 64 KiB
	MaxTime       = 24 * time.Hour

	// SlowPause is the longest rest of a slow reader between two looks.
	SlowPause = time.Second

	// Patience is how long everybody may take to get a cursor, and to come to have everything at the end: more
	// than a jittered Retry-After, a time-out of a long poll and the start of a worker together.
	Patience = 90 * time.Second
)

// Check tells what is wrong with the options.
func (o *Options) Check() error {
	clients := o.Pollers + o.Streams
	wrong := func(format string, a ...any) error {
		return fmt.Errorf("%w: %s", swarm.ErrUsage, fmt.Sprintf(format, a...))
	}
	switch {
	case o.Pollers < 0 || o.Streams < 0 || clients == 0:
		return wrong("there is no client: let at least one poll or stream")
	case o.Slow < 0 || o.Slow > o.Streams:
		return wrong("%d slow readers of %d streams: a slow reader is a stream", o.Slow, o.Streams)
	case o.Topics < 1 || o.Topics > clients:
		return wrong("%d topics for %d clients: choose from 1 to as many as there are clients, so that each is followed", o.Topics, clients)
	case o.Publishers < 1 || o.Publishers > MaxPublishers:
		return wrong("%d publishers: choose from 1 to %d", o.Publishers, MaxPublishers)
	case !(o.Rate > 0 && o.Rate <= MaxRate):
		return wrong("%g messages a second: choose more than 0 and at most %g", o.Rate, MaxRate)
	case !(o.Kills >= 0 && o.Kills <= MaxRate):
		return wrong("%g connections cut a second: choose from 0 to %g", o.Kills, MaxRate)
	case o.Size < 0 || o.Size > MaxSize:
		return wrong("messages of %d bytes: choose from 0 to %d", o.Size, MaxSize)
	case o.Time <= 0 || o.Time > MaxTime:
		return wrong("a time of %v: choose more than 0 and at most %v", o.Time, MaxTime)
	}
	return nil
}

// A Result is what a run showed. Times are in milliseconds, memory is in bytes, CPU in seconds.
type Result struct {
	Pollers   int     `json:"pollers"`
	Streams   int     `json:"streams"`
	Slow      int     `json:"slow"`
	Topics    int     `json:"topics"`
	Processes int     `json:"processes"` // of clients
	Limited   string  `json:"limited,omitempty"`
	Seconds   float64 `json:"seconds"` // for which the publishers published

	Published   int `json:"published"`   // messages acknowledged
	Doubtful    int `json:"doubtful"`    // messages whose acknowledgement did not come
	Unpublished int `json:"unpublished"` // of these, those that nobody got
	Sent        int `json:"sent"`        // messages times clients that had to get them
	Received    int `json:"received"`    // once each
	Lost        int `json:"lost"`
	Doubled     int `json:"doubled"`
	Foreign     int `json:"foreign"` // texts that nobody of us published to that topic

	Resets   int `json:"resets"`   // clients that were told of a gap
	Dropped  int `json:"dropped"`  // messages in such gaps
	Repeated int `json:"repeated"` // that came again with a reset

	Cut         int           `json:"cut"`          // connections cut by us
	Connections int           `json:"connections"`  // that stood, the first of each client among them
	Faults      faults.Counts `json:"faults"`       // what ended other connections, and refusals
	ClientsBack float64       `json:"catch_up_ms"`  // from the last publication until everybody had everything
	Median      float64       `json:"median_ms"`    // from before a publication to its text in a client's hands
	P99         float64       `json:"p99_ms"`       //
	Longest     float64       `json:"longest_ms"`   //
	ClientCPU   float64       `json:"client_cpu_s"` // of all processes of ours, while we published and caught up

	Renewals []swarm.Renewal `json:"renewals,omitempty"` // what Options.Signals did

	Server *Server `json:"server"` // nil if it was not measured
	Note   string  `json:"note,omitempty"`
}

// A Server is what a run cost the server, all its processes together.
type Server struct {
	User   float64 `json:"user_s"` // from the first publication until everybody had everything
	System float64 `json:"system_s"`
	Begin  State   `json:"begin"`  // with everybody there, before the first publication
	Middle State   `json:"middle"` // at half of the time
	End    State   `json:"end"`    // when everybody had everything
}

// A State is what a server's processes hold.
type State struct {
	Memory      int64 `json:"memory"`      // bytes of user memory, as usage.Usage says
	Processes   int   `json:"processes"`   // alive
	Threads     int   `json:"threads"`     // of all of them
	Descriptors int   `json:"descriptors"` // of all of them
}

// OK tells whether every client got every message once.
func (r *Result) OK() bool {
	return r.Lost == 0 && r.Doubled == 0 && r.Foreign == 0 && r.Received+r.Dropped == r.Sent
}

// childVariable marks a process as an audience's clients.
const childVariable = "C10K_AUDIENCE_CHILD"

// IsChild tells whether this process was started by [Run] to be its clients. Then the program calls [Child]
// and exits with what it returns, before it looks at its command line.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// Run lets an audience follow and publishers publish, and returns what became of every message. An error means
// that it did not come so far, in words for the one who ran it; a Result that is not OK is no error.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if len(o.Signals) > 0 && o.PID == 0 {
		return nil, swarm.ErrSignalWhom
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	addr, host, err := swarm.Resolve(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	limits := swarm.MachineLimits(addr.Addr())
	limits.Server = swarm.ServerDescriptors(o.PID)
	plan, err := swarm.NewPlan(o.Pollers+o.Streams, o.Processes, limits)
	if err != nil {
		return nil, err
	}
	o.fit(plan.Clients)
	r := newRun(o, host, plan)
	r.assign.Target = addr.String()
	result, err := r.whole(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return result, err
}

// fit makes do with fewer clients, of each kind in the same measure.
func (o *Options) fit(clients int) {
	asked := o.Pollers + o.Streams
	if clients == asked {
		return
	}
	o.Streams = int(float64(o.Streams) * float64(clients) / float64(asked))
	o.Pollers = clients - o.Streams
	o.Slow = min(o.Slow, o.Streams)
	o.Topics = min(o.Topics, clients)
}
