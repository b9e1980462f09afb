// Package swarm is ten thousand clients that wait, and one that notifies them.
//
// [Run] opens waiters (GET /wait, each on a connection of its own) in as many processes as the limits of
// this machine demand, waits until the server's / counts them all, sends one /notify, and checks the body
// of every answer: it must be the number of waiters. Nothing sleeps and hopes: every step waits for the
// event that ends it, and one deadline ends them all with an error that names what is missing.
//
// The clients are coroutines, one a waiter, in child processes that are this same program: a program that
// calls Run calls [IsChild] first. How many processes and source addresses that takes is [NewPlan]'s work,
// which also says which limit stands in the way when fewer clients must do.
//
// What this package does not do: it never waits a second time (no long poll loop, no since=), speaks no
// TLS, and does not pin anybody to a processor. It shares the machine with the server that it measures.
package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"time"

	"example.com/c10k/05-comet/faults"
)

// MaxClients bounds Options.Clients. A million is this workspace's horizon; ten leave room above it.
const MaxClients = 10_000_000

// DefaultTimeout ends parking that does not come to its end, and answers that do not. Ten thousand clients need
// about a second; a loaded machine under the race detector needs thirty.
const DefaultTimeout = 60 * time.Second

// Options say what to run.
type Options struct {
	URL       string           // of the server: http://HOST:PORT
	Clients   int              // waiters to open: 1 to MaxClients; fewer if a limit demands it
	Processes int              // at least so many client processes; 0 lets the limits decide
	PID       int              // the server's first process, to measure it; 0 does not measure
	Signals   []syscall.Signal // sent to PID while all wait, before they are notified: see ParseSignals
	Hold      time.Duration    // how long all wait before they are notified, so that somebody can see it
	Timeout   time.Duration    // to park everybody, and then to answer everybody; 0 is DefaultTimeout
	Progress  io.Writer        // where a person looks; nil shows nothing
}

// A Result is what a run showed. Times are in milliseconds.
type Result struct {
	Asked     int    `json:"asked"`             // clients asked for
	Clients   int    `json:"clients"`           // clients run
	Limited   string `json:"limited,omitempty"` // why fewer were run than asked for
	Processes int    `json:"processes"`         // client processes
	Sources   int    `json:"sources"`           // source addresses they connect from

	Connect float64 `json:"connect_ms"` // from the first connect to the last connection that stands
	Park    float64 `json:"park_ms"`    // from the first connect until / counted everybody

	// From the moment before /notify was sent until each answer was read. Lost waiters are not in them.
	First  float64 `json:"first_ms"`
	Median float64 `json:"median_ms"`
	P99    float64 `json:"p99_ms"`
	Last   float64 `json:"last_ms"`
	Total  float64 `json:"total_ms"` // from the first connect to the last report

	FanOut   float64   `json:"fan_out_ms,omitempty"` // until the last answer was written, as the server timed it; 0: unknown
	Renewals []Renewal `json:"renewals,omitempty"`   // what Options.Signals did

	Lost   int           `json:"lost"`             // waiters without an answer
	Wrong  int           `json:"wrong"`            // answers with another status or body, or before the notify
	Faults faults.Counts `json:"faults,omitempty"` // what happened to those, and to how many

	Notified string  `json:"notified"` // the body that the notifier itself got
	Server   *Server `json:"server"`   // nil if it was not measured
	Note     string  `json:"note,omitempty"`
}

// A Server is what the run cost the server, all its processes together.
type Server struct {
	User   float64 `json:"user_s"`   // CPU seconds, from before the first connect to after the last answer
	System float64 `json:"system_s"` // the same in the kernel

	// User memory in bytes, before the first connect and with everybody parked. Shared pages are divided
	// among those who share them (Pss of /proc/PID/smaps_rollup, proc(5)). 0 where it cannot be read.
	MemoryBefore int64 `json:"memory_before"`
	MemoryParked int64 `json:"memory_parked"`

	// What a client adds, without pages of files: the program's text is nobody's, and comes and goes with
	// other processes that run the same program.
	PerClient float64 `json:"memory_per_client"`
	Processes int     `json:"processes"`
}

// OK tells whether every waiter was answered, and rightly, and the notifier too.
func (r *Result) OK() bool { return r.Lost == 0 && r.Wrong == 0 && len(r.Faults) == 0 }

// Run lets the clients of o wait, notifies them, and returns what it saw. An error means that it did not
// come so far, in words for the one who ran it; a Result that is not OK is no error. When ctx ends, so do
// the clients, and the error is ctx's.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if len(o.Signals) > 0 && o.PID == 0 {
		return nil, ErrSignalWhom
	}
	target, err := resolve(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	limits := MachineLimits(target.addr.Addr())
	limits.Server = ServerDescriptors(o.PID)
	plan, err := NewPlan(o.Clients, o.Processes, limits)
	if err != nil {
		return nil, err
	}
	result, err := newRun(o, target, plan).whole(ctx)
	if err != nil && ctx.Err() != nil { // it was interrupted, whatever broke first
		return nil, ctx.Err()
	}
	return result, err
}

func newRun(o Options, target target, plan Plan) *run {
	return &run{options: o, target: target, plan: plan, show: newProgress(o.Progress),
		limit: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, o.Timeout)
		}}
}

// ErrUsage is wrapped by errors that only another command line mends.
var ErrUsage = errors.New("usage")

// A target is a server, resolved once so that ten thousand clients need not ask.
type target struct {
	addr netip.AddrPort
	host string // for the Host field
}

func (t target) url() string { return "http://" + t.host + "/" }

// Resolve finds a server's address once, so that ten thousand clients need not ask; host is for the Host field.
// The URL is http://HOST:PORT. The error says what to write.
func Resolve(ctx context.Context, text string) (addr netip.AddrPort, host string, err error) {
	t, err := resolve(ctx, text)
	return t.addr, t.host, err
}

func resolve(ctx context.Context, text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return target{}, fmt.Errorf("%w: the URL is %q, and should look like http://127.0.0.1:8080", ErrUsage, text)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return target{}, fmt.Errorf("%w: %q is not a port: give the URL as http://127.0.0.1:8080", ErrUsage, port)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return target{}, fmt.Errorf("the host %q has no address (%w): try http://127.0.0.1:%s", u.Hostname(), err, port)
	}
	best := addrs[0]
	for _, a := range addrs {
		if a.Unmap().Is4() { // an IPv4 loopback has many source addresses, ::1 has one
			best = a
			break
		}
	}
	return target{addr: netip.AddrPortFrom(best.Unmap(), uint16(number)), host: u.Host}, nil
}

// childVariable marks a process as a client of a swarm.
const childVariable = "C10K_SWARM_CHILD"

// IsChild tells whether this process was started by a swarm to be its clients. Then the program calls
// [Child] and exits with what it returns, before it looks at its command line.
func IsChild() bool { return os.Getenv(childVariable) != "" }
