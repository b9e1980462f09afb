package coro

import (
	"runtime"
	"sync"
)

// How other goroutines reach a scheduler: Post is the one way in, Hold says that it will be taken, and makeRoom
// lets them run. All else belongs to the scheduler's own goroutine.

// Post has fn called by the scheduler between two coroutines. It is how other goroutines get in, and
// safe for them. fn must not wait; it may start a coroutine that does.
func (s *Scheduler) Post(fn func()) {
	s.foreign.Lock()
	defer s.foreign.Unlock()
	s.foreign.posted = append(s.foreign.posted, fn)
	if len(s.foreign.posted) == 1 { // a Wait that was interrupted sees all of them
		s.interrupt()
	}
}

// interrupt is called with foreign locked. After Run nobody waits, and the kernel may be gone.
func (s *Scheduler) interrupt() {
	if !s.foreign.ended {
		s.kernel.Interrupt()
	}
}

// Hold says that another goroutine will Post, so that a scheduler in which everybody waits for that is
// not taken for a deadlock. The function it returns ends the expectation; both may be called anywhere.
func (s *Scheduler) Hold() (release func()) {
	s.foreign.Lock()
	defer s.foreign.Unlock()
	s.foreign.expected++
	return sync.OnceFunc(func() {
		s.foreign.Lock()
		defer s.foreign.Unlock()
		s.foreign.expected--
		s.interrupt() // perhaps it is a deadlock now
	})
}

func (s *Scheduler) setEnded(ended bool) {
	s.foreign.Lock()
	defer s.foreign.Unlock()
	s.foreign.ended = ended
}

func (s *Scheduler) expects() bool {
	s.foreign.Lock()
	defer s.foreign.Unlock()
	return s.foreign.expected > 0 || len(s.foreign.posted) > 0
}

func (s *Scheduler) runPosted() {
	s.foreign.Lock()
	posted := s.foreign.posted
	s.foreign.posted = nil
	s.foreign.Unlock()
	for _, fn := range posted {
		fn()
	}
}

// makeRoom lets Go's scheduler run other goroutines: those that will Post, before we ask the kernel, and any
// others now and then. A busy loop makes raw calls only, so with few processors nobody else would run until
// the runtime interrupts the loop by force, after 10 ms (sysmon and retake in runtime/proc.go).
func (s *Scheduler) makeRoom() {
	s.foreign.Lock()
	awaited := s.foreign.expected > 0
	s.foreign.Unlock()
	if awaited || s.elapsed >= s.roomAt {
		s.roomAt = s.elapsed + roomEvery
		runtime.Gosched()
	}
}
