package audience

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

	"example.com/c10k/05-comet/swarm"
)

// A crowd is the client processes, as their parent sees them. One goroutine uses it, beside those that listen.
type crowd struct {
	children []*child
	news     chan news
	stopping chan struct{} // closed when nobody listens to the news any more
	ended    sync.WaitGroup
}

// A child is one process of clients.
type child struct {
	swarm.Share
	command *exec.Cmd
	orders  io.WriteCloser
	last    report // the newest
}

// news is a report of one child, or its end.
type news struct {
	from   *child
	report report
	end    error
}

const (
	// newsBound is how many reports wait to be handled; a child that is ahead waits in its write.
	newsBound = 64

	// childEndTimeout is how long a child may take to end after its orders ended: it does nothing but exit.
	childEndTimeout = 5 * time.Second
)

// newCrowd starts a process for every share; share and first client are filled in here.
func newCrowd(shares []swarm.Share, common assignment) (*crowd, error) {
	c := &crowd{news: make(chan news, newsBound), stopping: make(chan struct{})}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program's own file, to start the clients: %w", err)
	}
	total := 0
	for _, share := range shares {
		total += share.Clients
	}
	first := 0
	for _, share := range shares {
		kid := &child{Share: share, command: exec.Command(program)}
		reports, err := kid.start()
		if err != nil {
			c.stop()
			return nil, fmt.Errorf("cannot start client process %d of %d: %w: try fewer clients", len(c.children)+1, len(shares), err)
		}
		c.children = append(c.children, kid)
		c.ended.Go(func() { c.listen(kid, reports) })
		a := common
		a.Share, a.First = share, first
		a.Kills *= float64(share.Clients) / float64(total)
		first += share.Clients
		kid.order(order{Assignment: &a})
	}
	return c, nil
}

func (k *child) start() (reports io.Reader, err error) {
	k.command.Env = append(os.Environ(), childVariable+"=1")
	k.command.Stderr = os.Stderr // it says nothing there, unless it panics
	if k.orders, err = k.command.StdinPipe(); err != nil {
		return nil, err
	}
	if reports, err = k.command.StdoutPipe(); err != nil {
		return nil, err
	}
	return reports, k.command.Start()
}

// order sends an order. A child that is gone is found in the news, so the error is not wanted here.
func (k *child) order(o order) { json.NewEncoder(k.orders).Encode(o) }

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
		if lines.Decode(&r) != nil {
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

// until handles news until something has come about for every child, and calls each after each piece of news. The
// error says that a child died, or it is ctx's.
func (c *crowd) until(ctx context.Context, come func(*report) bool, each func()) error {
	for {
		missing := false
		for _, kid := range c.children {
			missing = missing || !come(&kid.last)
		}
		if !missing {
			return nil
		}
		select {
		case n := <-c.news:
			if n.end != nil {
				return fmt.Errorf("a client process with %d clients ended (%w): look above for its last words, or for it in the system's log of processes killed for memory",
					n.from.Clients, n.end)
			}
			n.from.last = n.report
			each()
		case <-ctx.Done():
			return ctx.Err()
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

// total is the sum of a count over all children.
func (c *crowd) total(of func(*report) int) (sum int) {
	for _, kid := range c.children {
		sum += of(&kid.last)
	}
	return sum
}

// cpu is what the children have used, in seconds, as they have reported it.
func (c *crowd) cpu() (seconds float64) {
	for _, kid := range c.children {
		seconds += kid.last.CPU
	}
	return seconds
}
