package app

import (
	"slices"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

// Comet is document 000's handler of 2009: /wait waits, /notify wakes everybody who waits and tells how
// many they were, every other path tells how many wait now. Bodies are decimal numbers.
//
// There is nothing strange in it. It does not know whether the strand that waits is a thread or a
// coroutine, because it waits on a channel and the channel asks its model.
//
// Its list of waiters belongs to one process. In several processes each has a list of its own, and both
// the count and the notify are wrong: see stages 04 and 05.
type Comet struct {
	model   strand.Model
	waiters []*strand.Chan[int] // guarded by the model's lock
}

// NewComet makes a comet application with nobody waiting.
func NewComet(m strand.Model) *Comet { return &Comet{model: m} }

// Handle is the application's http1.Handler. The query is ignored.
func (c *Comet) Handle(r *http1.Request) *http1.Response {
	switch string(r.Path()) {
	case "/wait":
		return c.wait(r)
	case "/notify":
		return c.notify(r)
	}
	return c.count(r)
}

// wait is the only place that waits.
func (c *Comet) wait(r *http1.Request) *http1.Response {
	if string(r.Method) != "GET" {
		return notAllowed("GET")
	}
	news := c.join()
	n, err := news.Recv()
	if err != nil { // the client left, or the server stops
		c.forget(news)
		return &stopping
	}
	return number(n)
}

// join adds to the list. The channel has room for one value, so notify never waits for it.
func (c *Comet) join() *strand.Chan[int] {
	news := strand.NewChan[int](c.model, 1)
	c.model.Lock()
	c.waiters = append(c.waiters, news)
	c.model.Unlock()
	return news
}

// notify takes the whole list first: a client that is woken may be back in /wait before the last one
// was told, and must not be told twice.
func (c *Comet) notify(r *http1.Request) *http1.Response {
	if !allowed(r, "GET", "POST") {
		return notAllowed("GET, POST")
	}
	c.model.Lock()
	woken := c.waiters
	c.waiters = nil
	c.model.Unlock()

	for _, news := range woken {
		news.Send(len(woken)) // there is room; an error would mean that the waiter is gone
	}
	return number(len(woken))
}

func (c *Comet) count(r *http1.Request) *http1.Response {
	if !allowed(r, "GET", "HEAD") {
		return notAllowed("GET, HEAD")
	}
	c.model.Lock()
	n := len(c.waiters)
	c.model.Unlock()
	return number(n)
}

// forget takes a waiter out of the list, unless notify already did.
func (c *Comet) forget(news *strand.Chan[int]) {
	c.model.Lock()
	defer c.model.Unlock()
	if i := slices.Index(c.waiters, news); i >= 0 {
		last := len(c.waiters) - 1
		c.waiters[i] = c.waiters[last]
		c.waiters[last] = nil
		c.waiters = c.waiters[:last]
	}
}

// stopping is what a wait that was canceled answers, if anybody is left to read it.
var stopping = http1.Response{
	Status: 503,
	Type:   plainText,
	Header: []http1.Pair{{Name: "Retry-After", Value: "1"}},
	Body:   []byte("the wait was canceled\n"),
	Close:  true,
}
