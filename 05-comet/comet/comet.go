// Package comet is the HTTP face of a hub: events with a cursor, and the contract of 2009.
//
//	GET /events         what was published after a cursor; waits for it           events.go
//	GET /stream         the same as Server-Sent Events                            stream.go
//	POST /topics/NAME   publishes                                                 publish.go
//	GET /stats, /metrics, /healthz, /readyz                                       stats.go, metrics.go, health.go
//	GET /wait; GET, POST /notify; GET /                                           notify.go
//	/ui/                what a browser sees: package page
//
// docs/protocol.md says what a client has to know. Everything else is 404; a method that a path does not
// have is 405.
//
// What this package does not do: it parses no HTTP, holds no waiters, and asks for no passwords: a token
// for publishing is all there is, and who may listen is a proxy's business.
package comet

import (
	"bytes"
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/usage"
)

// A Config says how to serve. Hub, Model and Random are needed.
type Config struct {
	Hub    *hub.Hub
	Model  strand.Model
	Random func() float64 // from 0 to below 1, for everything that is timed: see jittered

	Name string // of this worker, for statistics
	Pid  int
	Own  func() usage.Own // what this process holds, for statistics; nil: unknown

	Wait      time.Duration // how long /events waits, ± 10 %
	Heartbeat time.Duration // between two signs of life on /stream, at most
	StreamAge time.Duration // how long a stream lives, at most; from 80 %
	Most      int           // clients that listen in this process; 0: as many as connections are allowed

	Token   string   // what publishers must send; "": nothing
	Origins []string // other sites whose pages may ask; "*" is all of them

	Page http1.Handler // of everything below /ui/; nil: there is no page
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

	// The route is found first and then called: whoever waits there has the frames of all its callers on its
	// stack, and the one that has compared paths is gone by then. A coroutine's stack has 2 KiB; if it needs
	// more it gets 4, and ten thousand of them keep that. So this is no method either: as a value that would
	// be a function around it, with a frame of its own.
	return func(r *http1.Request) *http1.Response { return find(r)(f, r) }
}

type handler = func(*face, *http1.Request) *http1.Response

// A route is a path's handler, and the methods that it has.
type route struct {
	handler handler
	methods string
}

var routes = map[string]route{
	"/":        {(*face).count, "GET, HEAD"},
	"/wait":    {(*face).wait, "GET"},
	"/notify":  {(*face).notify, "GET, POST"},
	"/events":  {(*face).events, "GET, OPTIONS"},
	"/stream":  {(*face).stream, "GET, OPTIONS"},
	topicsPath: {(*face).publish, "POST, OPTIONS"},
	"/stats":   {(*face).stats, "GET, HEAD"},
	"/metrics": {(*face).metrics, "GET, HEAD"},
	"/healthz": {(*face).healthy, "GET, HEAD"},
	"/readyz":  {(*face).ready, "GET, HEAD"},
	pagePath:   {(*face).page, "GET, HEAD, POST"},
}

// pagePath is what the paths of the page begin with.
const pagePath = "/ui/"

func (f *face) page(r *http1.Request) *http1.Response {
	if f.Page == nil {
		return &notFound
	}
	return f.Page(r)
}

// topicsPath is what the path of a topic begins with; its name follows.
const topicsPath = "/topics/"

//go:noinline
func find(r *http1.Request) handler {
	found, here := lookUp(r)
	if !here {
		return func(*face, *http1.Request) *http1.Response { return &notFound }
	}
	for method := range strings.SplitSeq(found.methods, ", ") {
		if method == string(r.Method) {
			return found.handler
		}
	}
	return notAllowed
}

func lookUp(r *http1.Request) (route, bool) {
	path := r.Path()
	if bytes.HasPrefix(path, []byte(topicsPath)) {
		return routes[topicsPath], true
	}
	if bytes.HasPrefix(path, []byte(pagePath)) {
		return routes[pagePath], true
	}
	found, here := routes[string(path)]
	return found, here
}

const plainText = "text/plain"

var notFound = http1.Response{Status: 404, Type: plainText,
	Body: []byte("here are / /wait /notify /events /stream /topics/NAME /ui/ /stats /metrics /healthz /readyz\n")}

func says(status int, text string, header ...http1.Pair) *http1.Response {
	return &http1.Response{Status: status, Type: plainText, Body: []byte(text + "\n"), Header: header}
}

func notAllowed(_ *face, r *http1.Request) *http1.Response {
	found, _ := lookUp(r)
	return says(405, "allowed here: "+found.methods, http1.Pair{Name: "Allow", Value: found.methods})
}
