package coro

import (
	"fmt"
	"runtime/debug"
)

// Aside runs fn on the scheduler's stack, of which there is one, and not on that of the coroutine that calls it.
// What a coroutine's stack once had to hold it keeps room for as long as it lives, and ten thousand of them keep
// it ten thousand times. So what needs a deep stack before a long wait is done aside. The price is a switch there
// and back, about 100 ns.
//
// fn must not wait, because nobody could be parked: a wait in it fails with ErrOutside. A panic in it is a panic
// of Aside. Outside a coroutine Aside calls fn.
func (s *Scheduler) Aside(fn func()) {
	c := s.current
	if c == nil {
		fn()
		return
	}
	s.aside = fn
	c.yield(reason{toStepAside, none})
	if p := s.panicked; p != nil {
		s.panicked = nil
		panic(p)
	}
}

// resume lets c go on until it waits or ends, and does for it what it wants to have done aside.
func (s *Scheduler) resume(c *coroutine) {
	c.why, _ = c.resume()
	for s.aside != nil {
		s.stepAside(c)
		c.why, _ = c.resume()
	}
}

func (s *Scheduler) stepAside(c *coroutine) {
	fn := s.aside
	s.aside, s.current = nil, nil
	defer func() {
		s.current = c
		if p := recover(); p != nil { // c would not have its stack
			s.panicked = fmt.Errorf("%v, aside of %q\n%s", p, c.name, debug.Stack())
		}
	}()
	fn()
}
