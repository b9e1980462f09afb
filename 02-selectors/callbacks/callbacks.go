// Package callbacks is the comet application for the event loop: app.Comet, torn into callbacks.
//
// It is a second implementation on purpose. The handler in package app reads from top to bottom: it enters
// its name in the list, waits for a number, answers with it. A loop has no place to wait, so the same story
// is cut where the waiting was. Its first half ends by parking the exchange (wait). Its second half is
// written where the number is known, in somebody else's request (notify). What the first half did has to
// be undone in a third place, if the client leaves in between (forget). What one line had in a local
// variable, the three share through a struct. Read the two side by side, and then stage 03.
//
// The one thing that is easier here: all of it runs on the loop's goroutine, so nothing needs a lock.
//
// What this package does not do: it has no time-out for a wait, as the loop calls nobody after a time,
// and its list of waiters belongs to one process.
package callbacks

import (
	"slices"
	"strconv"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/02-selectors/loop"
)

// Comet is /wait, /notify and, at every other path, the number of those who wait: document 000's
// application of 2009. Bodies are decimal numbers; queries are ignored.
type Comet struct {
	waiters []*waiter
}

// A waiter is a client between the two halves of its request.
type waiter struct {
	exchange loop.Parked
	place    int // in the list
}

// NewComet makes a comet application with nobody waiting.
func NewComet() *Comet { return &Comet{} }

// Handle is the application's loop.Handler.
func (c *Comet) Handle(x *loop.Exchange) {
	switch string(x.Request.Path()) {
	case "/wait":
		if allowed(x, "GET") {
			c.wait(x)
		}
	case "/notify":
		if allowed(x, "GET", "POST") {
			c.notify(x)
		}
	default:
		if allowed(x, "GET", "HEAD") {
			x.Respond(number(len(c.waiters)))
		}
	}
}

// wait is the first half of a /wait. It returns without an answer, and what it knew is gone but for w.
func (c *Comet) wait(x *loop.Exchange) {
	w := &waiter{place: len(c.waiters)}
	c.waiters = append(c.waiters, w)
	w.exchange = x.Park(func() { c.forget(w) })
}

// notify answers its own request, and is the second half of every /wait. It takes the whole list first: a
// client that is answered may be back before the last one is, and must not be answered twice. All share
// one response, as responses are only read.
func (c *Comet) notify(x *loop.Exchange) {
	woken := c.waiters
	c.waiters = nil
	answer := number(len(woken))
	for _, w := range woken {
		w.exchange.Respond(answer)
	}
	x.Respond(answer)
}

// forget takes back what wait did: the client has left. The last of the list moves to the free place, so
// ten thousand clients that leave at once are ten thousand steps, not fifty million.
func (c *Comet) forget(w *waiter) {
	last := len(c.waiters) - 1
	c.waiters[w.place] = c.waiters[last]
	c.waiters[w.place].place = w.place
	c.waiters[last] = nil
	c.waiters = c.waiters[:last]
}

// allowed answers 405, which must say what is allowed (RFC 9110 section 15.5.6), unless the request's
// method is one of these.
func allowed(x *loop.Exchange, methods ...string) bool {
	if slices.Contains(methods, string(x.Request.Method)) {
		return true
	}
	list := methods[0]
	for _, method := range methods[1:] {
		list += ", " + method
	}
	x.Respond(&http1.Response{
		Status: 405,
		Type:   "text/plain",
		Header: []http1.Pair{{Name: "Allow", Value: list}},
		Body:   []byte("allowed here: " + list + "\n"),
	})
	return false
}

// number is an answer that is a decimal number without a line end, as in 2009.
func number(n int) *http1.Response {
	return &http1.Response{Type: "text/plain", Body: strconv.AppendInt(nil, int64(n), 10)}
}
