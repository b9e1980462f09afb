package audience

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/faults"
)

// openingMost is how many clients of one process may be without a cursor while others are opened: well below the
// 4096 connections that a server's listener holds, also when some processes do the same.
const openingMost = 256

// clients are the coroutines of one child.
type clients struct {
	*account
	duty      assignment
	scheduler *coro.Scheduler
	to        netip.AddrPort
	answer    http1.Answer // lent to one client at a time
	out       *json.Encoder

	all    []*client
	begun  int
	more   strand.Waiter // the opener's: woken when it may open more
	final  []uint64      // nil until all is published
	behind int
	told   bool // the last report was made: another one would hide it from a parent that still waits for other children

	renewal int // of the server, the newest
	back    int // clients that are back since

	cut, connections int
	faults           faults.Counts // what ended connections, and refusals
}

// Child is the whole life of a process of clients: orders on in, reports on out. It returns the exit status,
// unless the end of its orders ends the process first.
func Child(in io.Reader, out io.Writer) int {
	return children.Child(in, func(s *coro.Scheduler, a assignment) (children.Duty[order], error) {
		to, err := netip.ParseAddrPort(a.Target)
		if err != nil {
			return children.Duty[order]{}, fmt.Errorf("the assignment's target: %w", err)
		}
		c := &clients{account: newAccount(a.layout, a.Run), duty: a, scheduler: s, to: to,
			out: json.NewEncoder(out), more: s.NewWaiter()}
		return children.Duty[order]{Main: c.open, Obey: c.obey}, nil
	})
}

// obey counts anew who comes back, takes what was published in the end into account, or makes the last report.
func (c *clients) obey(o order) {
	if o.Renewal > 0 {
		c.renewal, c.back = o.Renewal, 0
	}
	if o.Final != nil {
		c.close(o.Final)
	}
	if o.Finish {
		c.finish()
	}
}

// open starts the clients, a few at a time.
func (c *clients) open() {
	c.scheduler.Go("report", c.reportAgain)
	for i := range c.duty.Clients {
		for i-c.begun >= openingMost {
			c.more.Wait(time.Time{})
		}
		number := c.duty.First + i
		one := &client{clients: c, topic: number % c.Topics, slow: number < c.duty.Slow}
		one.places = make([]place, c.ofTopic(one.topic))
		c.all = append(c.all, one)
		if number < c.duty.Streams {
			c.scheduler.Go("stream", one.stream)
		} else {
			c.scheduler.Go("poller", one.poll)
		}
	}
	if c.duty.Kills > 0 {
		c.cutAtRandom()
	}
}

// cutAtRandom closes connections of clients that have a cursor, in whatever state they are: the client comes
// back, and the server has to notice.
func (c *clients) cutAtRandom() {
	for c.final == nil {
		c.scheduler.Sleep(time.Duration(rand.ExpFloat64() / c.duty.Kills * float64(time.Second)))
		one := c.all[rand.IntN(len(c.all))]
		if one.conn != nil && one.cursor != "" {
			one.wasCut = true
			one.conn.Close()
			c.cut++
		}
	}
}

// close says that all is published: whoever has it all is done.
func (c *clients) close(final []uint64) {
	c.final = final
	for _, one := range c.all {
		if one.behind = c.account.behind(one.topic, one.places, final); one.behind {
			c.behind++
		}
	}
	c.report(false)
}

func (c *clients) reportAgain() {
	for !c.told {
		c.report(false)
		c.scheduler.Sleep(reportPause)
	}
}

// report tells the parent where we are; a parent that is gone is no error here, as the end of its orders tells.
func (c *clients) report(last bool) {
	if c.told {
		return
	}
	c.told = last
	r := report{Began: c.begun, Behind: c.behind, Closing: c.final != nil, Renewal: c.renewal, Back: c.back,
		Cut: c.cut, Connections: c.connections, CPU: ownCPU(),
		Faults: c.faults, tally: c.tally, Last: last}
	r.tally.Missing = nil
	if last {
		r.Times = &c.account.Times
		for m, n := range c.account.missing {
			r.tally.Missing = append(r.tally.Missing, missed{m, n})
		}
	}
	c.out.Encode(r)
}

// finish counts what never came, and makes the last report.
func (c *clients) finish() {
	for _, one := range c.all {
		c.closes(one.topic, one.places, c.final)
	}
	c.report(true)
}
