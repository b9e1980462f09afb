package load

import (
	"errors"
	"slices"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
	"example.com/c10k/05-comet/faults"
	"example.com/c10k/05-comet/latency"
)

const (
	// warmUp is how many requests each client makes before it is ready: the server's buffers, its tables
	// and its branch predictors have seen them then.
	warmUp = 8

	// patience is how long an answer may take beyond the time of a run. Whoever has none then has failed.
	patience = 10 * time.Second

	// gathering is how long everybody may take to connect and to warm up.
	gathering = 60 * time.Second

	// connecting bounds how many connections are begun and have no answer yet: what exceeds the server's
	// backlog would be dropped, and come again a second later (listen(2)).
	connecting = 256
)

// A crowd is the clients of one process, coroutines of one scheduler.
type crowd struct {
	Options
	scheduler *coro.Scheduler
	single    []byte   // one request
	batch     []byte   // as many as a client sends at once
	good      *pattern // nil until the first answer

	doors   *strand.Chan[bool] // a place for each connection that may be made
	gather  strand.Waiter      // woken when somebody has become ready, or has failed
	waiting []strand.Waiter    // those who are ready
	resting int                // idle connections that are ready
	working int                // clients that have begun and not ended
	ending  bool               // it is over: idle connections may end

	left   int // requests that may still be sent
	until  time.Time
	seen   latency.Histogram
	report Report
}

// A parent is told how far a crowd is.
type parent interface {
	ready(s *coro.Scheduler, goOn strand.Waiter) // has goOn woken when the clients shall go
	done(*Report)                                // all connections still stand
}

// run is the whole life of a crowd.
func run(o Options, tell parent) error {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		return err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return err
	}
	defer kernel.End()
	s := coro.New(kernel, coro.Options{})
	c := &crowd{Options: o, scheduler: s, gather: s.NewWaiter(), doors: strand.NewChan[bool](s, connecting)}
	var header []http1.Pair
	if o.Fresh {
		header = append(header, http1.Pair{Name: "Connection", Value: "close"})
	}
	c.single = http1.AppendRequest(nil, "GET", o.Path, o.Target.String(), header, nil)
	c.batch = slices.Repeat(c.single, o.Pipeline)
	return s.Run(func() {
		c.direct(tell)
		c.ending = true
		s.Stop() // whoever still waits does not any more
	})
}

// direct is the coroutine that leads the others: gather, go, wait for the end.
func (c *crowd) direct(tell parent) {
	s := c.scheduler
	c.working = c.Clients
	for range c.Idle {
		s.Go("idle", c.idle)
	}
	for range c.Clients {
		s.Go("client", c.client)
	}
	limit := s.Now().Add(gathering)
	for c.report.Failed == 0 && len(c.waiting)+c.resting < c.Clients+c.Idle {
		if c.gather.Wait(limit) != nil {
			c.fail(errors.New("not ready in time"))
		}
	}
	began, used := time.Now(), cpuTime()
	if c.report.Failed == 0 {
		goOn := s.NewWaiter()
		tell.ready(s, goOn)
		goOn.Wait(time.Time{})
		began, used = time.Now(), cpuTime()
		c.left, c.until = c.Requests, began.Add(c.Time)
		if c.Requests == 0 {
			c.left = 1 << 62
		}
		for _, w := range c.waiting {
			w.Wake()
		}
		for limit = c.until.Add(patience); c.working > 0; {
			if c.gather.Wait(limit) != nil {
				c.report.Failed += c.working - 1
				c.fail(errors.New("no answer in time"))
				break
			}
		}
	}
	c.report.Requests = c.seen.Total()
	c.report.Elapsed, c.report.CPU = time.Since(began), cpuTime()-used
	c.report.Median, c.report.P99, c.report.Most = c.seen.Share(0.5), c.seen.Share(0.99), c.seen.Most()
	tell.done(&c.report)
}

// client is one client: it warms up, is ready, and asks until it is over.
func (c *crowd) client() {
	defer func() { c.working--; c.gather.Wake() }()
	var conn *coro.Conn // nil if each request has its own
	err := c.warm(&conn)
	for err == nil && c.left > 0 {
		began := time.Now()
		if began.After(c.until) {
			break
		}
		c.left -= c.Pipeline
		if err = c.ask(conn); err == nil {
			c.seen.Add(time.Since(began), c.Pipeline)
		}
	}
	if err != nil {
		c.fail(err)
	}
	if conn != nil {
		conn.Close()
	}
}

// warm makes the first requests, the very first alone, and waits until all shall go.
func (c *crowd) warm(conn **coro.Conn) (err error) {
	if c.Fresh {
		err = c.alone(true)
	} else {
		*conn, err = c.enter()
	}
	for range warmUp {
		if err == nil {
			err = c.ask(*conn)
		}
	}
	if err != nil {
		return err
	}
	w := c.scheduler.NewWaiter()
	c.waiting = append(c.waiting, w)
	c.gather.Wake()
	return w.Wait(time.Time{})
}

// idle is a neighbour: one answer, and then it rests until all is over.
func (c *crowd) idle() {
	conn, err := c.enter()
	if err == nil {
		c.resting++
		c.gather.Wake()
		if _, err = conn.Recv(time.Time{}); err == nil {
			err = errTooMuch
		}
	}
	c.fail(err)
	if conn != nil {
		conn.Close()
	}
}

// fail counts a client that gave up. Once it is over nobody does: then all are cancelled.
func (c *crowd) fail(err error) {
	if c.ending {
		return
	}
	c.report.Failed++
	c.report.Faults.Add(faults.Innermost(err), 1)
	c.gather.Wake()
}
