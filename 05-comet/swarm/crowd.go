package swarm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A crowd is the client processes, as their parent sees them. One goroutine uses it.
type crowd struct {
	children []*child
	news     chan news
	stopping chan struct{} // closed when nobody listens to the news any more
	ended    sync.WaitGroup
}

// A child is one client process.
type child struct {
	Share
	command *exec.Cmd
	orders  io.WriteCloser
	last    report // the newest counts
	answers []int64
	outcome *outcome // nil until its last report
}

// news is a report of one child, or its end.
type news struct {
	from   *child
	report report
	end    error // how the process ended, if it did
}

const (
	// newsBound is how many reports wait to be handled; a child that is ahead waits in its write.
	newsBound = 64

	// childEndTimeout is how long a child may take to end after its orders ended: it does nothing but exit.
	childEndTimeout = 5 * time.Second
)

// newCrowd starts a process for every share, and gives each its assignment; Share is filled in here.
func newCrowd(shares []Share, common assignment) (*crowd, error) {
	c := &crowd{news: make(chan news, newsBound), stopping: make(chan struct{})}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program's own file, to start the clients: %w", err)
	}
	for _, share := range shares {
		kid, reports, err := startChild(program, share)
		if err != nil {
			c.stop()
			return nil, fmt.Errorf("cannot start client process %d of %d: %w: try fewer clients", len(c.children)+1, len(shares), err)
		}
		c.children = append(c.children, kid)
		c.ended.Go(func() { c.listen(kid, reports) })
		assignment := common
		assignment.Share = share
		kid.order(order{Assignment: &assignment})
	}
	return c, nil
}

func startChild(program string, share Share) (*child, io.Reader, error) {
	kid := &child{Share: share, command: exec.Command(program)}
	kid.command.Env = append(os.Environ(), childVariable+"=1")
	kid.command.Stderr = os.Stderr // it says nothing there, unless it panics
	var err error
	if kid.orders, err = kid.command.StdinPipe(); err != nil {
		return nil, nil, err
	}
	reports, err := kid.command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return kid, reports, kid.command.Start()
}

// listen passes a child's reports on until it ends, and then waits for it, so that none stays a zombie.
func (c *crowd) listen(kid *child, reports io.Reader) {
	tell := func(n news) {
		select {
		case c.news <- n:
		case <-c.stopping:
		}
	}
	lines := json.NewDecoder(bufio.NewReader(reports))
	for {
		var r report
		if err := lines.Decode(&r); err != nil {
			break // the end of its output; nobody else writes into it
		}
		tell(news{from: kid, report: r})
	}
	end := kid.command.Wait()
	if end == nil {
		end = errors.New("exit status 0")
	}
	tell(news{from: kid, end: end})
}

// order sends an order. A child that is gone is found in the news, so the error is not wanted here.
func (k *child) order(o order) { json.NewEncoder(k.orders).Encode(o) }

// next waits for the next news and enters it, or for a timer (nil: none); it tells whether there was
// news. The error says that a child died, or it is ctx's.
func (c *crowd) next(ctx context.Context, timer <-chan time.Time) (heard bool, err error) {
	select {
	case n := <-c.news:
		return true, c.enter(n)
	case <-timer:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (c *crowd) enter(n news) error {
	switch kid := n.from; {
	case n.end != nil && kid.outcome == nil:
		kid.outcome = &outcome{Lost: kid.Clients - len(kid.answers)}
		kid.outcome.fault("their client process ended", kid.outcome.Lost)
		return fmt.Errorf("a client process with %d clients ended (%w): look above for its last words, or for it in the system's log of processes killed for memory",
			kid.Clients, n.end)
	case n.end != nil: // as it should
	default:
		kid.answers = append(kid.answers, n.report.Answers...)
		if n.report.Outcome != nil {
			kid.outcome = n.report.Outcome
		}
		n.report.Answers = nil
		kid.last = n.report
	}
	return nil
}

// open lets the children open clients until there are total of them: one child after the other, because
// what they wait for is the server.
func (c *crowd) open(total int) {
	for _, kid := range c.children {
		if total <= 0 {
			return
		}
		kid.order(order{Open: min(total, kid.Clients)})
		total -= kid.Clients
	}
}

// finish asks everybody for the last report, and waits for all of them, for some seconds at most.
func (c *crowd) finish() {
	bounded, cancel := context.WithTimeout(context.Background(), childEndTimeout)
	defer cancel()
	for _, kid := range c.children {
		if kid.outcome == nil {
			kid.order(order{Finish: true})
		}
	}
	for _, kid := range c.children {
		for kid.outcome == nil {
			if _, err := c.next(bounded, nil); err != nil && bounded.Err() != nil {
				kid.outcome = &outcome{Lost: kid.Clients}
				kid.outcome.fault("their client process does not report", kid.Clients)
			}
		}
	}
}

// stop ends all children and waits for them.
func (c *crowd) stop() {
	close(c.stopping)
	for _, kid := range c.children {
		kid.orders.Close()
		killer := time.AfterFunc(childEndTimeout, func() { kid.command.Process.Kill() })
		defer killer.Stop()
	}
	c.ended.Wait()
}

// done tells whether there is nobody left to wait for.
func (c *crowd) done() bool {
	for _, kid := range c.children {
		if kid.outcome == nil && kid.last.Ended < kid.Clients {
			return false
		}
	}
	return true
}

// totals are the counts of all children together.
func (c *crowd) totals() (sum report) {
	for _, kid := range c.children {
		sum.Connected += kid.last.Connected
		sum.Sent += kid.last.Sent
		sum.Ended += kid.last.Ended
	}
	return sum
}

// outcomes joins what the children reported at their end.
func (c *crowd) outcomes() (answers []int64, all outcome) {
	for _, kid := range c.children {
		answers = append(answers, kid.answers...)
		all.add(kid.outcome)
	}
	return answers, all
}
