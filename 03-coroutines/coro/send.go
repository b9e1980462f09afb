package coro

import (
	"slices"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
)

// The sending half of a Conn. What is sent lies in one buffer for all connections, and is written before the
// coroutine that sent it waits.

// Send takes all of b. It is written before this coroutine waits next, together with what was taken
// before it: so the answers to a batch of requests are one write. A write that fails later is told by
// the next Send or Recv.
func (c *Conn) Send(b []byte, until time.Time) error {
	s := c.scheduler
	if s.unsent != c || len(s.out)+len(b) > cap(s.out) {
		if err := c.begin(); err != nil {
			return err
		}
	}
	if len(b) > cap(s.out) {
		return c.writeRest(b, s.since(until))
	}
	s.out = append(s.out, b...)
	s.unsent, s.unsentUntil = c, s.since(until)
	return nil
}

// begin says whether the calling coroutine may write now, and writes what Send took before.
func (c *Conn) begin() error {
	s := c.scheduler
	switch {
	case s.current == nil:
		return ErrOutside
	case s.locked > 0:
		return strand.ErrLocked
	case s.unsent != nil:
		s.flush() // this may park, so only now is it known how things are
	}
	switch {
	case c.closed:
		return ErrClosed
	case c.left:
		return ErrLeft
	case c.writer != nil: // in the middle of its bytes
		return ErrBusy
	}
	return c.failure()
}

// flush writes what Send took. If the kernel does not take it all, the rest is copied, because the
// buffer is everybody's, and the coroutine waits.
func (s *Scheduler) flush() {
	c := s.unsent
	if c == nil {
		return
	}
	b := s.out
	s.unsent, s.out = nil, s.out[:0]
	n, err := s.kernel.Write(int(c.fd), b)
	if s.options.Trace != nil {
		c.wasWritten(n)
	}
	if err != nil || n < len(b) {
		c.flushRest(b[n:], err)
	}
}

// flushRest is what flush seldom has to do, and a frame of its own because flush is called where the
// stack is deep.
func (c *Conn) flushRest(b []byte, err error) {
	if err == nil || err == ErrAgain {
		c.writeRest(slices.Clone(b), c.scheduler.unsentUntil)
		return
	}
	c.seldom().failed = err
}

// writeRest is write, and what it meets is remembered.
func (c *Conn) writeRest(b []byte, until time.Duration) error {
	_, err := c.write(b, until)
	if err != nil {
		c.seldom().failed = err
	}
	return err
}

// finish is flush for a connection that sends nothing more, and says whether its direction has ended with that.
// If it has not, the rest of the bytes has been written as flush does it, or has failed.
func (c *Conn) finish() (ended bool) {
	s := c.scheduler
	b := s.out
	s.unsent, s.out = nil, s.out[:0]
	n, err := s.kernel.Finish(int(c.fd), b)
	if s.options.Trace != nil {
		c.wasWritten(n)
	}
	if ended = err == nil && n == len(b); !ended {
		c.flushRest(b[n:], err)
	}
	return ended
}

// write sends all of b, waiting as often as it must, and says how much went out. b belongs to the
// connection until then.
func (c *Conn) write(b []byte, until time.Duration) (int, error) {
	s := c.scheduler
	for sent := 0; ; {
		n, err := s.kernel.Write(int(c.fd), b[sent:])
		c.wasWritten(n)
		sent += n
		if sent == len(b) || err != nil && err != ErrAgain {
			return sent, err
		}
		if err == nil {
			continue
		}
		if err := s.await(&c.descriptor, &c.writer, toWrite, until); err != nil {
			return sent, err
		}
		s.want(&c.descriptor, c.wanted&^poll.Write)
	}
}

// CloseWrite sends what is left and then the end of our direction: a half-close.
func (c *Conn) CloseWrite() error {
	if c.closed {
		return ErrClosed
	}
	if c.scheduler.unsent == c && c.finish() {
		return nil
	}
	if err := c.failure(); err != nil {
		return err
	}
	return c.scheduler.kernel.Shutdown(int(c.fd))
}
