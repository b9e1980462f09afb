package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
)

// A crowd is document 000's test: clients that wait, one that notifies them, and their server, all of them
// coroutines of one scheduler. It knows no kernel, so it is the same on this machine and on a simulated one.
type crowd struct {
	clients  int
	at       string                           // where the server listens; port 0 picks one
	source   func(i int) netip.Addr           // what client i connects from
	handler  func(strand.Model) http1.Handler // the application, made for the scheduler
	progress func(what string)                // nil: nobody wants to know

	scheduler *coro.Scheduler
	server    *server.Server
	into      http1.Answer  // one for all clients: it is lent until the one that reads it waits
	ended     int           // clients that will not wait any more
	told      int           // of them, those who were told the right number
	wrong     []error       // what the others saw; the first few
	all       strand.Waiter // woken when all clients have ended
	seen      seen
}

func newCrowd(clients int, at string) *crowd {
	return &crowd{clients: clients, at: at,
		source:  func(int) netip.Addr { return netip.Addr{} },
		handler: func(m strand.Model) http1.Handler { return app.NewComet(m).Handle }}
}

// seen is what a run looked like from inside.
type seen struct {
	parked  moment // when / counted all clients
	resumed moment // and when it went on: looking at the memory is no part of the run
	heap    uint64 // bytes, while all clients wait
	stacks  uint64
}

const (
	backlog = 64 // clients connect one after the other, and few are not accepted yet when the next one comes

	// asking is how many connections beside the clients' there are at a time: one that asks, and those
	// whose ends the server is about to close.
	asking = 10

	mostWrong = 3
)

// run runs the whole test on a kernel.
func (c *crowd) run(k coro.Kernel) error {
	c.scheduler = coro.New(k, coro.Options{})
	var failed error
	err := c.scheduler.Run(func() {
		if failed = c.play(); failed != nil {
			c.scheduler.Stop() // those who still wait
		}
	})
	return errors.Join(failed, err)
}

// play is the first coroutine: it starts the server and the clients, and is the one who notifies them.
func (c *crowd) play() error {
	s := c.scheduler
	l, err := s.Listen(c.at, coro.ListenOptions{Backlog: backlog, DeferAccept: true})
	if err != nil {
		return err
	}
	c.server = &server.Server{Scheduler: s, Listener: l, Most: c.clients + asking,
		Options: serve.Options{Handler: c.handler(s), Now: s.Now}}
	defer c.server.Drain()
	s.Go("server", func() { c.server.Serve() })
	c.all = s.NewWaiter()
	if err := c.park(); err != nil {
		return err
	}
	c.look()
	if err := c.expect("/notify", c.clients); err != nil {
		return err
	}
	if err := c.all.Wait(time.Time{}); err != nil {
		return err
	}
	if c.told < c.clients {
		return fmt.Errorf("%d of %d clients were told %d: %w", c.told, c.clients, c.clients, errors.Join(c.wrong...))
	}
	return c.expect("/", 0)
}

func (c *crowd) expect(target string, want int) error {
	n, err := c.visit(target)
	if err == nil && n != want {
		err = fmt.Errorf("the answer is %d instead of %d", n, want)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

// park starts the clients, and then asks for the count, as in 2009, until all of them wait.
func (c *crowd) park() error {
	s := c.scheduler
	for i := range c.clients {
		conn, err := s.DialFrom(c.source(i), c.server.Listener.At(), time.Time{})
		if err != nil {
			return fmt.Errorf("client %d of %d: %w", i+1, c.clients, err)
		}
		s.Go("client", func() { c.wait(conn) })
		if done := i + 1; c.progress != nil && done%max(1, c.clients/progressLines) == 0 {
			c.progress(fmt.Sprintf("%d of %d connected", done, c.clients))
		}
	}
	for counted := 0; counted < c.clients; {
		var err error
		if counted, err = c.visit("/"); err != nil {
			return fmt.Errorf("asking for the count: %w", err)
		}
		if c.ended > 0 {
			return fmt.Errorf("a client does not wait: %w", errors.Join(c.wrong...))
		}
	}
	return nil
}

// visit is a client that comes to ask one thing.
func (c *crowd) visit(target string) (int, error) {
	conn, err := c.scheduler.DialFrom(netip.Addr{}, c.server.Listener.At(), time.Time{})
	if err != nil {
		return 0, err
	}
	return c.ask(conn, target)
}

// look measures what the waiting cost, up to now, and what memory they take.
func (c *crowd) look() {
	c.seen.parked = now()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	c.seen.heap, c.seen.stacks = m.HeapAlloc, m.StackInuse
	c.seen.resumed = now()
}

// wait is one client, from its request to the end of its connection.
func (c *crowd) wait(conn *coro.Conn) {
	told, err := c.ask(conn, "/wait")
	if c.ended++; c.ended == c.clients {
		c.all.Wake()
	}
	if told == c.clients && err == nil {
		c.told++
	} else {
		c.complain(told, err)
	}
}

//go:noinline
func (c *crowd) complain(told int, err error) {
	if err == nil {
		err = fmt.Errorf("the answer is %d", told)
	}
	if len(c.wrong) < mostWrong {
		c.wrong = append(c.wrong, err)
	}
}

// ask sends one request over a connection of its own, as the client of 2009 did, and returns the number
// that is the answer's body. It closes when the server has: an HTTP/1.0 client reads up to the end.
//
// Ten thousand coroutines wait in here, and each keeps the stack that it has once needed. So what is
// large is on the heap, and what needs deep calls is a function of its own, which has returned by then.
func (c *crowd) ask(conn *coro.Conn, target string) (int, error) {
	x := c.request(conn, target)
	for x.err == nil {
		x.err = x.receive()
	}
	conn.Close()
	if x.err == io.EOF {
		x.err = nil
	}
	return x.number, x.err
}

// An exchange is one request and what has come of its answer.
type exchange struct {
	conn   *coro.Conn
	parser http1.ResponseParser
	number int
	err    error
}

//go:noinline
func (c *crowd) request(conn *coro.Conn, target string) *exchange {
	x := &exchange{conn: conn, parser: http1.NewResponseParser(&c.into, nil), number: -1}
	x.err = conn.Send([]byte("GET "+target+" HTTP/1.0\r\n\r\n"), time.Time{})
	return x
}

func (x *exchange) receive() error {
	b, err := x.conn.Recv(time.Time{})
	if err != nil {
		return err
	}
	return x.take(b)
}

//go:noinline
func (x *exchange) take(b []byte) error {
	x.parser.Feed(b)
	answer, err := x.parser.Next()
	if answer == nil || err != nil {
		return err
	}
	if answer.Status != 200 {
		return fmt.Errorf("status %d: %s", answer.Status, answer.Body)
	}
	x.number, err = strconv.Atoi(string(answer.Body))
	return err
}
