// Package children is the processes that carry the clients of a load: this same program, started again by the
// process that runs the load, as often as the limits on descriptors and ports demand.
//
// Parent and child speak in lines of JSON. The child's standard input brings an assignment, which is all that it
// must know, and then orders; its standard output takes reports. A parent that dies closes the input, and a child
// that sees the end of its input ends at once; so no client outlives its run, however that ended. What assignments,
// orders and reports say is the affair of whose clients they are: packages swarm and audience.
//
// [Start] makes a [Crowd] of such processes. In each of them the program calls [Child], before it looks at its
// command line: a variable of its environment tells it that it is one.
//
// What this package does not do: it divides no clients ([example.com/c10k/05-comet/swarm.NewPlan] does), it
// starts no child a second time, and it never waits for a report: its caller does, and decides for how long.
package children

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A Crowd is the children, as their parent sees them, numbered from 0 as they were started. One goroutine uses it.
type Crowd[Order, Report any] struct {
	News     <-chan News[Report]
	children []*child
	stopping chan struct{} // closed when nobody listens to the news any more
	ended    sync.WaitGroup
}

// News is a report of one child, or its end.
type News[Report any] struct {
	From   int // the child's number
	Report Report
	End    error // how the process ended, nil while it lives: status 0 is an error here too
}

// A child is one process of clients.
type child struct {
	command *exec.Cmd
	orders  io.WriteCloser
}

const (
	// newsBound is how many reports wait to be handled; a child that is ahead waits in its write.
	newsBound = 64

	// EndTimeout is how long a child may take to end after its orders ended: it does nothing but exit. Stop kills
	// it then.
	EndTimeout = 5 * time.Second
)

// Start starts this program again for every assignment, with variable=1 added to its environment. It does not
// wait until they work. The error says which process did not start, and what to change; then there are none.
// Whoever got a Crowd stops it.
func Start[Assignment, Order, Report any](variable string, assignments []Assignment) (*Crowd[Order, Report], error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program's own file, to start the clients: %w", err)
	}
	news := make(chan News[Report], newsBound)
	c := &Crowd[Order, Report]{News: news, stopping: make(chan struct{})}
	for number, assignment := range assignments {
		kid := &child{command: exec.Command(program)}
		kid.command.Env = append(os.Environ(), variable+"=1")
		reports, err := kid.start()
		if err != nil {
			c.Stop()
			return nil, fmt.Errorf("cannot start client process %d of %d: %w: try fewer clients", number+1, len(assignments), err)
		}
		c.children = append(c.children, kid)
		c.ended.Go(func() { c.listen(number, kid, reports, news) })
		kid.say(assignment)
	}
	return c, nil
}

func (k *child) start() (reports io.Reader, err error) {
	k.command.Stderr = os.Stderr // it says nothing there, unless it panics
	if k.orders, err = k.command.StdinPipe(); err != nil {
		return nil, err
	}
	if reports, err = k.command.StdoutPipe(); err != nil {
		return nil, err
	}
	return reports, k.command.Start()
}

// say writes a line. A child that is gone is found in the news, so the error is not wanted here.
func (k *child) say(line any) { json.NewEncoder(k.orders).Encode(line) }

// Order gives a child an order. To one that is gone it does nothing: its end is in the news.
func (c *Crowd[Order, Report]) Order(number int, o Order) { c.children[number].say(o) }

// listen passes a child's reports on until it ends, and then waits for it, so that none stays a zombie.
func (c *Crowd[Order, Report]) listen(number int, kid *child, reports io.Reader, news chan<- News[Report]) {
	tell := func(n News[Report]) {
		select {
		case news <- n:
		case <-c.stopping:
		}
	}
	lines := json.NewDecoder(bufio.NewReader(reports))
	for {
		var r Report
		if lines.Decode(&r) != nil {
			break // the end of its output; nobody else writes into it
		}
		tell(News[Report]{From: number, Report: r})
	}
	end := kid.command.Wait()
	if end == nil {
		end = errors.New("exit status 0")
	}
	tell(News[Report]{From: number, End: end})
}

// Stop ends all children, by the end of their orders, and waits for them: EndTimeout at the most.
func (c *Crowd[Order, Report]) Stop() {
	close(c.stopping)
	for _, kid := range c.children {
		kid.orders.Close()
		killer := time.AfterFunc(EndTimeout, func() { kid.command.Process.Kill() })
		defer killer.Stop()
	}
	c.ended.Wait()
}

// Died is the error for a child that ended by itself, for the one who runs the load.
func Died(clients int, end error) error {
	return fmt.Errorf("a client process with %d clients ended (%w): look above for its last words, or for it in the system's log of processes killed for memory",
		clients, end)
}
