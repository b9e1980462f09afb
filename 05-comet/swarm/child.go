package swarm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// Child is the whole life of a client process: orders on in, reports on out. It returns the exit status,
// unless the end of its orders ends the process first.
func Child(in io.Reader, out io.Writer) int {
	signal.Ignore(syscall.SIGINT) // ^C reaches everybody; the parent decides, and we end with our orders
	orders := json.NewDecoder(bufio.NewReader(in))
	var first order
	if err := orders.Decode(&first); err != nil || first.Assignment == nil {
		fmt.Fprintln(os.Stderr, "swarm: a client process is started by swarm, with an assignment on its standard input: run swarm -url instead")
		return 2
	}
	if err := serveOrders(first.Assignment, orders, out); err != nil {
		fmt.Fprintln(os.Stderr, "swarm: a client process:", err)
		return 1
	}
	return 0
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

func serveOrders(a *assignment, orders *json.Decoder, out io.Writer) error {
	target, err := netip.ParseAddrPort(a.Target)
	if err != nil {
		return fmt.Errorf("the assignment's target: %w", err)
	}
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
	c := &clients{tally: newTally(a, out), scheduler: s, target: target, more: s.NewWaiter()}
	c.request = http1.AppendRequest(nil, "GET", "/wait", a.Host, []http1.Pair{{Name: "Connection", Value: "close"}}, nil)
	s.Hold() // for ever: the orders' end is the end of the process
	go c.listen(orders)
	c.out.Encode(report{Ready: true})
	return s.Run(c.openAsOrdered)
}

// listen takes orders. Everything they change belongs to the scheduler, so it is changed there.
func (c *clients) listen(orders *json.Decoder) {
	for {
		var o order
		if orders.Decode(&o) != nil {
			os.Exit(0) // the parent is gone, or wants nothing more: the kernel closes our connections
		}
		c.scheduler.Post(func() {
			c.open = max(c.open, min(o.Open, c.assignment.Clients))
			c.more.Wake()
			if o.Finish {
				c.finish()
			}
		})
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
