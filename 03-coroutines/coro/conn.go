package coro

import (
	"io"
	"slices"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
	"example.com/c10k/02-selectors/poll"
)

// A descriptor is what the scheduler knows of one of the kernel's.
type descriptor struct {
	reader  *coroutine    // waits until it can be read
	writer  *coroutine    // waits until it can be written
	handler *coroutine    // works for the client at the other end
	fd      int32         // the kernel's number for it
	wanted  poll.Interest // as the kernel was told
	drained bool          // nothing was there when it was last read, or asked for a connection
	left    bool          // the client went away while its handler waited
	closed  bool
}

func (s *Scheduler) register(d *descriptor) {
	for int(d.fd) >= len(s.table) {
		if len(s.table) == cap(s.table) { // twice as long: see timers.Push
			s.table = slices.Grow(s.table, len(s.table)+1)
		}
		s.table = append(s.table, nil)
	}
	s.table[d.fd] = d
}

// await parks the coroutine until d is ready for what, or until a time, as since counts it. place is
// d.reader or d.writer.
func (s *Scheduler) await(d *descriptor, place **coroutine, what verb, until time.Duration) error {
	if err := s.enter(d); err != nil {
		return err
	}
	if *place != nil {
		return ErrBusy
	}
	if d.closed { // while what was sent before went out
		return ErrClosed
	}
	*place = s.current
	s.waiting++
	err := s.park(reason{what, d.fd}, until)
	s.waiting--
	*place = nil
	if d.closed {
		return ErrClosed
	}
	return err
}

// forget closes d. Whoever waits for it gets ErrClosed. The number goes back to the kernel after the
// batch of events that is being handled.
func (s *Scheduler) forget(d *descriptor) error {
	if d.closed {
		return ErrClosed
	}
	d.closed = true
	for _, c := range []*coroutine{d.reader, d.writer} {
		if c != nil {
			s.unpark(c, ErrClosed)
		}
	}
	err := s.want(d, 0)
	s.table[d.fd] = nil
	s.closing = append(s.closing, int(d.fd))
	return err
}

// A Conn is a connection. It holds no buffer: what Recv lends and what Send takes lies in the scheduler's.
type Conn struct {
	descriptor
	scheduler *Scheduler
	rare      *rare // nil most of the time
}

// What few connections have at any one time, and ten thousand that wait should not pay for.
type rare struct {
	failed      error         // what a write met after its Send had returned
	early       []byte        // came while the handler waited for something else; at most earlyMost
	read, write time.Duration // deadlines of Read and Write, since the scheduler started; 0: none
	seen        *trace.Connection
}

func (c *Conn) seldom() *rare {
	if c.rare == nil {
		c.rare = new(rare)
	}
	return c.rare
}

func (c *Conn) failure() error {
	if c.rare == nil {
		return nil
	}
	return c.rare.failed
}

func (s *Scheduler) newConn(fd int, readable bool) *Conn {
	c := &Conn{descriptor: descriptor{fd: int32(fd), drained: !readable}, scheduler: s}
	s.register(&c.descriptor)
	return c
}

// Adopt is a connection that another process has accepted: a descriptor in non-blocking mode, which belongs
// to the scheduler from now on, and what was read from it already, which the scheduler keeps.
func (s *Scheduler) Adopt(fd int, early []byte) *Conn {
	c := s.newConn(fd, false)
	if len(early) > 0 {
		c.rare = &rare{early: early}
	}
	return c
}

// Handle says that the calling coroutine works for the client at the other end: when the client leaves
// while the coroutine waits for something else, that wait ends with strand.ErrCanceled. A half-close
// counts as leaving then, as it cannot be told from it; while nothing but the answer is waited for, it
// does not.
func (c *Conn) Handle() {
	c.handler = c.scheduler.current
	c.handler.handles = c
}

// Recv lends what has arrived, at least one byte, until this coroutine waits next. io.EOF is the end of
// the stream; strand.ErrTimeout, ErrCanceled, ErrClosed and ErrBusy end the wait, and what the kernel
// says of a broken connection is returned as it is.
func (c *Conn) Recv(until time.Time) ([]byte, error) {
	s := c.scheduler
	if s.current == nil {
		return nil, ErrOutside
	}
	if r := c.rare; r != nil && len(r.early) > 0 {
		b := r.early
		r.early = nil
		return b, nil
	}
	n, err := c.receive(s.in, s.since(until))
	s.lentIn = max(s.lentIn, n)
	return s.in[:n], err
}

// receive is what Recv and Read have in common: it reads into p, and waits until that brings something.
func (c *Conn) receive(p []byte, until time.Duration) (int, error) {
	s := c.scheduler
	if s.current == nil {
		return 0, ErrOutside
	}
	for {
		var canceled error
		switch {
		case c.closed:
			return 0, ErrClosed
		case c.left:
			return 0, io.EOF
		case c.drained:
			err := s.await(&c.descriptor, &c.reader, toRead, until)
			if err != nil && !s.drains(err) {
				return 0, err
			}
			canceled = err
		default:
			if s.current.reads++; s.current.reads > readsPerTurn {
				if err := s.Yield(); err != nil {
					return 0, err
				}
				continue // it may be closed now
			}
		}
		if err := c.failure(); err != nil {
			return 0, err
		}
		n, err := s.kernel.Read(int(c.fd), p)
		if s.options.Trace != nil {
			c.wasRead(n)
		}
		c.drained = n < len(p) // a short read emptied it: to ask again would only bring ErrAgain
		if err != ErrAgain {
			return n, err
		}
		if canceled != nil {
			return 0, canceled
		}
	}
}

// drains tells whether a Recv was ended by CancelRecvs. Then the kernel is asked once more: what has arrived, and
// was not seen yet, would be lost with the connection, and its sender would get a reset instead of an answer.
func (s *Scheduler) drains(err error) bool {
	return err == strand.ErrCanceled && !s.stopping && !s.current.canceled
}

// readEarly takes what came while the handler waits for something else: bytes of the next request, which
// are kept, or the news that the client left.
func (c *Conn) readEarly() {
	s := c.scheduler
	n, err := s.kernel.Read(int(c.fd), s.in)
	c.wasRead(n)
	if err == ErrAgain {
		return
	}
	if err == nil {
		if r := c.seldom(); len(r.early)+n <= earlyMost {
			r.early = append(r.early, s.in[:n]...)
			return
		}
	}
	c.left = true
	s.want(&c.descriptor, 0)
	s.unpark(c.handler, strand.ErrCanceled)
}

// Close sends what is left and gives the descriptor back. Coroutines that wait for it get ErrClosed.
func (c *Conn) Close() error {
	s := c.scheduler
	if s.unsent == c {
		c.finish()
	}
	if c.handler != nil {
		c.handler.handles = nil
		c.handler = nil
	}
	if s.options.Trace != nil {
		c.wasClosed()
	}
	return s.forget(&c.descriptor)
}
