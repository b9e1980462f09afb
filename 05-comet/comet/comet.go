// Package comet is the HTTP face of a hub: events with a cursor, and the contract of 2009.
//
//	GET /events         what was published after a cursor; waits for it           events.go
//	GET /stream         the same as Server-Sent Events                            stream.go
//	POST /topics/NAME   publishes                                                 publish.go
//	GET /stats, /metrics, /healthz, /readyz                                       stats.go, metrics.go, health.go
//	GET /wait; GET, POST /notify; GET /                                           notify.go
//
// docs/protocol.md says what a client has to know. Everything else is 404; a method that a path does not
// have is 405.
//
// What this package does not do: it parses no HTTP, holds no waiters, and asks for no passwords: a token
// for publishing is all there is, and who may listen is a proxy's business.
package comet

import (
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
)

// A Config says how to serve. Hub, Model and Random are needed.
type Config struct {
	Hub    *hub.Hub
	Model  strand.Model
	Random func() float64 // from 0 to below 1, for everything that is timed: see jittered

	Name string // of this worker, for statistics
	Pid  int

	Wait      time.Duration // how long /events waits, ± 10 %
	Heartbeat time.Duration // between two signs of life on /stream, at most
	StreamAge time.Duration // how long a stream lives, at most; from 80 %
	Most      int           // clients that listen in this process; 0: as many as connections are allowed

	Token   string   // what publishers must send; "": nothing
	Origins []string // other sites whose pages may ask; "*" is all of them
}

// Defaults of a Config.
const (
	// DefaultWait is well below the 30 s after which the strictest of common proxies give up.
	DefaultWait = 25 * time.Second

	// DefaultHeartbeat is half of that: whoever waits for bytes sees two in its time.
	DefaultHeartbeat = 15 * time.Second

	// DefaultStreamAge ends what nobody else would: a stream through a proxy whose client is long gone. A
	// client that is there comes back and loses nothing.
	DefaultStreamAge = 10 * time.Minute
)

// A face is the handler's state.
type face struct {
	Config
	counters counters
}

// New returns the handler of one process. It becomes the Report of the hub.
func New(c Config) http1.Handler {
	f := &face{Config: c}
	f.Hub.Report = f.report
	return f.handle
}

func (f *face) handle(r *http1.Request) *http1.Response {
	switch path := string(r.Path()); path {
	case "/wait":
		return f.wait(r)
	case "/notify":
		return f.notify(r)
	case "/":
		return f.count(r)
	case "/events":
		return f.events(r)
	case "/stream":
		return f.stream(r)
	case "/stats":
		return f.stats(r)
	case "/metrics":
		return f.metrics(r)
	case "/healthz":
		return f.healthy(r)
	case "/readyz":
		return f.ready(r)
	default:
		if topic, ok := strings.CutPrefix(path, "/topics/"); ok {
			return f.publish(r, topic)
		}
		return &notFound
	}
}

const plainText = "text/plain"

var notFound = http1.Response{Status: 404, Type: plainText,
	Body: []byte("here are / /wait /notify /events /stream /topics/NAME /stats /metrics /healthz /readyz\n")}

func says(status int, text string, header ...http1.Pair) *http1.Response {
	return &http1.Response{Status: status, Type: plainText, Body: []byte(text + "\n"), Header: header}
}

func notAllowed(methods string) *http1.Response {
	return says(405, "allowed here: "+methods, http1.Pair{Name: "Allow", Value: methods})
}

// reads tells whether a request only wants to look.
func reads(r *http1.Request) bool {
	m := string(r.Method)
	return m == "GET" || m == "HEAD"
}
