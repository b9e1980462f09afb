package coro

import (
	"time"

	"example.com/c10k/01-blocking/strand"
)

// A Child is a coroutine that somebody wants to wait for, or to cancel.
type Child struct {
	scheduler *Scheduler
	coroutine *coroutine             // nil when it has ended: by then it may be working for somebody else
	ended     *strand.Chan[struct{}] // closed at its end
}

// Spawn is Go for those who want to hear of the coroutine again.
func (s *Scheduler) Spawn(name string, fn func()) *Child {
	c := &Child{scheduler: s, ended: strand.NewChan[struct{}](s, 0)}
	c.coroutine = s.start(name, func() {
		defer func() { // also when it panics or exits
			c.coroutine = nil
			c.ended.Close()
		}()
		fn()
	}, false)
	return c
}

// Join waits until the child has ended, or until a time; the zero time is no end. It returns nil,
// strand.ErrTimeout, ErrCanceled (of the one who calls) or ErrLocked.
func (c *Child) Join(until time.Time) error {
	_, err := c.ended.RecvUntil(until)
	if err == strand.ErrClosed {
		return nil
	}
	return err
}

// Cancel ends the child's wait, and all that it begins later, with strand.ErrCanceled. It is asked to
// return, not forced to: Join says when it has. What it sends without waiting is still sent.
func (c *Child) Cancel() {
	if t := c.coroutine; t != nil {
		t.canceled = true
		c.scheduler.unpark(t, strand.ErrCanceled)
	}
}
