package coro

import (
	"fmt"
	"runtime/debug"

	"example.com/c10k/01-blocking/strand"
)

// offloadMost is how many functions may run off the loop at the same time. Each that blocks in a system
// call holds an OS thread, so they are few; who comes later waits for a place.
const offloadMost = 64

// Offload runs fn on an ordinary goroutine, and parks the coroutine until it has returned: for what
// blocks or computes for long, which would stop everybody else if it were done here. Meanwhile other
// coroutines run, so fn must not touch what they use.
//
// strand.ErrCanceled ends the wait, not fn: then nobody may look at what fn writes to. A panic of fn is an
// error that carries its stack. The simulated kernel knows nothing of goroutines, so a simulation that
// offloads is not repeatable.
func (s *Scheduler) Offload(fn func()) error {
	if s.current == nil {
		return ErrOutside
	}
	if s.offloaded == nil {
		s.offloaded = strand.NewChan[struct{}](s, offloadMost)
	}
	places := s.offloaded
	if err := places.Send(struct{}{}); err != nil {
		return err
	}
	var failed error
	returned := strand.NewChan[error](s, 1)
	release := s.Hold()
	go func() {
		defer func() {
			if p := recover(); p != nil {
				failed = fmt.Errorf("coro: an offloaded function panicked: %v\n%s", p, debug.Stack())
			}
			s.Post(func() { // there is room in one channel and something in the other: nobody waits
				places.Recv()
				returned.Send(failed)
			})
			release()
		}()
		fn()
	}()
	err, canceled := returned.Recv()
	if canceled != nil {
		return canceled
	}
	return err
}
