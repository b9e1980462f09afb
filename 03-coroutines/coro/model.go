package coro

import (
	"time"

	"example.com/c10k/01-blocking/strand"
)

// Now is the time at which the kernel was last asked: one clock call a turn.
func (s *Scheduler) Now() time.Time { return s.now }

// Client is the connection of the client that the calling coroutine works for: see Conn.Handle. nil: none.
func (s *Scheduler) Client() *Conn {
	if s.current == nil {
		return nil
	}
	return s.current.handles
}

// Lock counts. Nobody else runs before this coroutine waits, and while the count is above zero it cannot:
// its waits fail with strand.ErrLocked. So forgetting to unlock is seen at the first wait, not under load.
func (s *Scheduler) Lock() { s.locked++ }

// Unlock counts down.
func (s *Scheduler) Unlock() {
	if s.locked == 0 {
		panic("coro: Unlock without Lock")
	}
	s.locked--
}

// NewWaiter returns a place to sleep for one coroutine at a time.
func (s *Scheduler) NewWaiter() strand.Waiter { return &waiter{scheduler: s, why: toWakeUp} }

// NewWaiterFor returns one whose purpose the task list and the deadlock report tell.
func (s *Scheduler) NewWaiterFor(p strand.Purpose) strand.Waiter {
	return &waiter{scheduler: s, why: toReceive + verb(p)}
}

type waiter struct {
	scheduler *Scheduler
	sleeper   *coroutine // parked here, or about to be resumed
	woken     bool       // a Wake that nobody waited for yet
	why       verb       // for reports; toWakeUp if nobody said
}

// Wait parks the coroutine. If it works for a client, and that client leaves, the wait is cancelled.
func (w *waiter) Wait(until time.Time) error {
	s := w.scheduler
	if err := s.enter(nil); err != nil {
		return err
	}
	if w.woken { // before the wait, or while what we had sent went out
		w.woken = false
		return nil
	}
	w.sleeper = s.current
	err := s.park(reason{w.why, none}, s.since(until))
	w.sleeper = nil
	if err == nil {
		w.woken = false
	}
	return err
}

// Wake ends the wait, or the next one. What another coroutine does in one go it may do before the
// sleeper runs, so a second Wake is the same as one.
func (w *waiter) Wake() {
	w.woken = true
	if w.sleeper != nil {
		w.scheduler.unpark(w.sleeper, nil)
	}
}

// Sleep parks the coroutine for d; 0 or less is a Yield. It returns nil, or strand.ErrCanceled or
// strand.ErrLocked.
func (s *Scheduler) Sleep(d time.Duration) error {
	if d <= 0 {
		return s.Yield()
	}
	if err := s.enter(nil); err != nil {
		return err
	}
	err := s.park(reason{toSleep, none}, max(d, s.elapsed+d)) // d, if the sum is too large
	if err == strand.ErrTimeout {
		return nil
	}
	return err
}

// Yield lets all others who are ready run first, and the kernel be asked.
func (s *Scheduler) Yield() error {
	if err := s.enter(nil); err != nil {
		return err
	}
	c := s.current
	c.state, c.since, c.outcome = ready, s.elapsed, nil
	s.next = append(s.next, c)
	c.yield(reason{toHaveItsTurn, none})
	return c.outcome
}
