package swarm

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/05-comet/children"
)

// Child is the whole life of a client process: orders on in, reports on out. It returns the exit status,
// unless the end of its orders ends the process first.
func Child(in io.Reader, out io.Writer) int {
	return children.Child(in, func(s *coro.Scheduler, a assignment) (children.Duty[order], error) {
		target, err := netip.ParseAddrPort(a.Target)
		if err != nil {
			return children.Duty[order]{}, fmt.Errorf("the assignment's target: %w", err)
		}
		c := &clients{tally: newTally(&a, out), scheduler: s, target: target, more: s.NewWaiter()}
		c.request = http1.AppendRequest(nil, "GET", "/wait", a.Host, []http1.Pair{{Name: "Connection", Value: "close"}}, nil)
		c.out.Encode(report{Ready: true})
		return children.Duty[order]{Main: c.openAsOrdered, Obey: c.obey}, nil
	})
}

// clients are the coroutines of one child.
type clients struct {
	*tally
	scheduler *coro.Scheduler
	target    netip.AddrPort
	request   []byte
	answer    http1.Answer  // lent to one client at a time
	more      strand.Waiter // the opener's: woken when it may open more
}

// obey opens more clients, or makes the last report.
func (c *clients) obey(o order) {
	c.open = max(c.open, min(o.Open, c.assignment.Clients))
	c.more.Wake()
	if o.Finish {
		c.finish()
	}
}

// openAsOrdered starts the clients, each when it may be opened. Then it waits with them: this process ends
// with its orders, and not before it was asked how the clients fared.
func (c *clients) openAsOrdered() {
	for opened := 0; ; opened++ {
		for opened == c.open {
			c.more.Wait(time.Time{})
		}
		c.scheduler.Go("client", c.client)
	}
}
