// Package serve is the straight line of a server: receive, parse, handle, send, and again.
//
// It is written as if it had the machine for itself, and runs so on a thread in stage 01, on a coroutine
// in 03, and in a worker process in 04 and 05. What it needs of a connection is a [Stream], three verbs;
// whether they block a thread or park a coroutine is the engine's business.
//
// Bytes are lent. Recv lends what arrived until the strand's next wait, and what a strand needs only
// while it runs, [Buffers], can be shared by all strands of one scheduler. So a connection that waits
// holds no buffer, and no parser unless it waits for the rest of a request.
//
// What this package does not do: it accepts nothing, starts nothing, closes nothing, and imports no
// engine. The event loop of stage 02 is this package inside out.
package serve

import (
	"log/slog"
	"runtime/debug"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

// A Stream is what serve needs of a connection.
type Stream interface {
	// Recv lends what has arrived, at least one byte, until this strand's next wait. At the end of the
	// stream it returns io.EOF, when the time is over strand.ErrTimeout, and strand.ErrCanceled when the
	// server stops. The zero time waits for ever.
	Recv(until time.Time) ([]byte, error)

	// Send takes all of b, or fails; b may be overwritten after it returns. What it has taken is on its
	// way at the latest when this strand waits next, so that a batch of small answers can be one write.
	Send(b []byte, until time.Time) error

	// CloseWrite ends our direction (half-close): the other side reads an end of file after all that
	// was sent, and may go on sending.
	CloseWrite() error
}

// Buffers are what one strand at a time needs while it runs. A thread has its own; a server on a scheduler has
// one for all its coroutines, of which only one runs. All connections that use them have the same Options.
type Buffers struct {
	Request http1.Request // the one being handled
	Out     []byte        // the answer being encoded
	Date    http1.Date    // formatted once a second

	parser  http1.Parser // at rest whenever a strand waits; see keep
	options *Options
}

// Options are the same for all connections of a server.
type Options struct {
	Handler  http1.Handler
	Timeouts Timeouts
	Limits   *http1.Limits    // nil: http1.DefaultLimits
	Now      func() time.Time // the engine's clock
	Log      *slog.Logger     // panics of handlers; nil: nowhere

	// Draining says that the server is about to end: answers carry Connection: close, and a Recv that was
	// cancelled between two requests ends the connection. nil: never.
	Draining func() bool
}

func (o *Options) draining() bool { return o.Draining != nil && o.Draining() }

// Full is the answer for a client for which there is no place: the 503 of every server here that turns a
// connection away. It is sent without a look at the request, and is not to be changed.
var Full = http1.Response{
	Status: 503,
	Type:   "text/plain",
	Header: []http1.Pair{{Name: "Retry-After", Value: "1"}},
	Body:   []byte("too many connections\n"),
	Close:  true,
}

// Timeouts bound what a client may keep us waiting for. Each is a duration from an event to an event,
// never a pause between two bytes: a client that sends a byte a second does not get around it. 0: never.
type Timeouts struct {
	Header  time.Duration // from accept, or a further request's first byte, to the end of the head
	Request time.Duration // from the same moment to the end of the body
	Write   time.Duration // from its first byte to an answer's last; of one that is streamed, for each piece
	Idle    time.Duration // from an answer to the next request's first byte
}

// DefaultTimeouts are long enough for a slow telephone and short enough to get rid of the dead.
var DefaultTimeouts = Timeouts{Header: 10 * time.Second, Request: 30 * time.Second, Write: 30 * time.Second, Idle: 60 * time.Second}

// Connection serves one connection until it ends: the client closed it or asked for it, a time-out, a
// request that cannot be answered. It does not close the stream: who opened it does.
func Connection(s Stream, lent *Buffers, o *Options) {
	c := newConnection(s, lent, o)
	defer c.release()
	for {
		request, err := c.receive()
		if err != nil {
			c.refuse(err)
			return
		}
		answers := request.Framing()
		c.keep() // the handler may wait, and then the lent bytes are gone

		response := c.handle(request)
		answers.Close = answers.Ends(response) || o.draining()
		if c.send(answers, response) != nil {
			return
		}
		if answers.Close || o.draining() { // it may have begun while the answer was sent
			if c.parser.Buffered() > 0 {
				c.linger()
			}
			return
		}
		c.idle, c.start = c.parser.Buffered() == 0, o.Now() // or a part of the next request is here already
	}
}

// A connection is the state of one: 64 bytes.
type connection struct {
	stream  Stream
	lent    *Buffers
	parser  *http1.Parser // the strand's, or its own if a part of a request is pending
	start   time.Time     // of the time-out that runs
	idle    bool          // between an answer and the next first byte
	hurried bool          // a Recv was cancelled in the middle of a request; the second time is final
}

// newConnection puts the state on the heap. On the stack it would make the frame of Connection the
// largest of all; a coroutine's stack has 2 KiB, and one that needs more gets 4 and keeps them.
//
//go:noinline
func newConnection(s Stream, lent *Buffers, o *Options) *connection {
	lent.options = o
	lent.parser = http1.NewParser(&lent.Request, o.Limits)
	return &connection{stream: s, lent: lent, parser: &lent.parser, start: o.Now()}
}

// keep is called before a wait. What is pending becomes the connection's own: the bytes, and the parser, in
// whose place the strand gets a new one. If nothing is pending the strand's parser does for whoever has bytes
// next, so that of ten thousand connections that wait for an answer or a request none has a parser.
//
//go:noinline
func (c *connection) keep() {
	c.parser.Keep()
	lent := &c.lent.parser
	switch rests := c.parser.Rests(); {
	case rests:
		c.parser = lent
	case c.parser == lent:
		own := *lent
		c.parser = &own
		*lent = http1.NewParser(&c.lent.Request, c.lent.options.Limits)
	}
}

// release is the end of keeping.
func (c *connection) release() {
	c.keep()
	c.parser.Release()
}

// receive waits until a whole request has arrived. The request is lent.
func (c *connection) receive() (*http1.Request, error) {
	for {
		request, err := c.parser.Next()
		if request != nil {
			return request, nil
		}
		c.keep()
		if err != nil {
			return nil, err
		}
		if c.parser.Expects() {
			if err := c.stream.Send(http1.Continue, c.after(c.lent.options.Timeouts.Write)); err != nil {
				return nil, err
			}
		}
		b, err := c.stream.Recv(c.deadline())
		if err == strand.ErrCanceled && !c.idle && !c.hurried {
			c.hurried = true // a drain begins, and this request is still welcome
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.idle {
			c.idle, c.start = false, c.lent.options.Now()
		}
		c.parser.Feed(b)
	}
}

// deadline is when the client must have sent what is missing.
func (c *connection) deadline() time.Time {
	d := c.lent.options.Timeouts.Header
	switch {
	case c.parser.Stage() == http1.InBody:
		d = c.lent.options.Timeouts.Request
	case c.idle:
		d = c.lent.options.Timeouts.Idle
	}
	if d == 0 {
		return time.Time{}
	}
	return c.start.Add(d)
}

// after is a time from now; the zero time, for ever, if d is 0.
func (c *connection) after(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return c.lent.options.Now().Add(d)
}

// handle runs the handler. A panic costs its client an answer and nobody else anything.
func (c *connection) handle(r *http1.Request) (response *http1.Response) {
	defer func() {
		if p := recover(); p != nil {
			if c.lent.options.Log != nil {
				c.lent.options.Log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
			}
			response = &failed
		}
	}()
	if response = c.lent.options.Handler(r); response == nil {
		response = &failed
	}
	return response
}

var failed = http1.Response{Status: 500, Type: "text/plain", Body: []byte("the handler failed\n"), Close: true}

func (c *connection) send(answers http1.Framing, r *http1.Response) error {
	now := c.lent.options.Now()
	until := time.Time{}
	if d := c.lent.options.Timeouts.Write; d != 0 {
		until = now.Add(d)
	}
	out := http1.AppendResponse(c.lent.Out[:0], answers, r, c.lent.Date.At(now))
	c.lent.Out = nil // until it is sent: Send may wait, and then others encode their answers
	err := c.stream.Send(out, until)
	if cap(out) <= largestKept {
		c.lent.Out = out
	}
	if r.Stream != nil {
		err = c.streamBody(answers, r, err)
	}
	return err
}

// largestKept is how much of an output buffer is kept for the next answer. Answers are small; after a
// large one the memory goes back.
const largestKept = 64 << 10

// refuse ends a connection whose next request did not come whole. Nothing received, or the end of the
// stream: in silence. Part of a request at its time-out: 408. What the parser refuses: its status.
func (c *connection) refuse(err error) {
	var refused *http1.Error
	switch e := err.(type) {
	case *http1.Error:
		refused = e
	default:
		if err != strand.ErrTimeout || c.parser.Stage() == http1.Idle {
			return
		}
		refused = &http1.Error{Status: 408, Reason: "the request did not arrive in time"}
	}
	if c.send(http1.Framing{Minor: 1, Close: true}, refused.Response()) == nil {
		c.linger()
	}
}

// Bounds of lingering: what a client may still send after we have refused it.
const (
	lingerBytes = 4 << 20
	lingerTime  = 2 * time.Second
)

// linger reads and forgets what the client still sends. If we closed with unread bytes in the socket the
// kernel would send a reset, and the reset could overtake our answer (RFC 9112 section 9.6).
func (c *connection) linger() {
	if c.stream.CloseWrite() != nil {
		return
	}
	until := c.after(lingerTime)
	for n := 0; n < lingerBytes; {
		b, err := c.stream.Recv(until)
		if err != nil {
			return // io.EOF at best
		}
		n += len(b)
	}
}
