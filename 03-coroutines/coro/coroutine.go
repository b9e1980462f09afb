package coro

import (
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
)

// A coroutine is one strand. iter.Pull carries it: resume runs it until it yields, and what it yields is
// why it waits. The runtime switches the two goroutines directly, without its own scheduler: about
// 100 ns there and back (runtime/coro.go).
type coroutine struct {
	scheduler *Scheduler
	resume    func() (reason, bool)
	yield     func(reason) bool

	name     string
	fn       func()        // nil: end
	why      reason        // what it yielded last
	since    time.Duration // when it did, since the scheduler started
	outcome  error         // how its wait ended
	handles  *Conn         // the connection whose client it works for: if that leaves, its waits end
	state    state
	daemon   bool // Run does not wait for it
	canceled bool // its waits fail
	reads    int8 // without a switch in between

	index    int32         // among the timers; none: not there
	at       time.Duration // when the timers look at it, not later than the deadline
	deadline time.Duration // of the wait under way, since the scheduler started; 0: none

	older, younger *coroutine // the list of tasks
}

type state uint8

const (
	idle    state = iota // has nothing to do
	ready                // is in the queue
	running              // is s.current
	parked               // waits, for the reason that it gave
)

// A reason says what a parked coroutine waits for: a verb, and the descriptor that it is about, if any.
// It is small because every coroutine has two of them.
type reason struct {
	what verb
	fd   int32
}

type verb uint8

const (
	toStart verb = iota
	toWork
	toRead
	toWrite
	toConnect
	toAccept
	toAcceptAlone
	toWakeUp
	toReceive // and the next two: strand's purposes, in its order
	toSend
	toSelect
	toSleep
	toHaveItsTurn
	toStepAside
)

var verbs = [...]string{"its start", "work", "read", "write", "connect", "accept", "accept",
	"wake-up", "receive", "send", "select", "time", "its turn", "a deeper stack"}

// interest is what to want of the descriptor.
func (r reason) interest() poll.Interest {
	switch r.what {
	case toWrite, toConnect:
		return poll.Write
	case toAcceptAlone:
		return poll.Read | poll.Exclusive
	}
	return poll.Read
}

func (r reason) String() string {
	if r.fd == none {
		return verbs[r.what]
	}
	return fmt.Sprintf("%s fd %d", verbs[r.what], r.fd)
}

const none = -1 // no descriptor

// Go starts fn as a coroutine. It runs when the present one waits.
func (s *Scheduler) Go(name string, fn func()) { s.start(name, fn, false) }

// Daemon starts fn as a coroutine that Run does not wait for: when all others have ended, its wait ends
// with strand.ErrCanceled.
func (s *Scheduler) Daemon(name string, fn func()) { s.start(name, fn, true) }

func (s *Scheduler) start(name string, fn func(), daemon bool) *coroutine {
	var c *coroutine
	if last := len(s.idle) - 1; last >= 0 {
		c, s.idle = s.idle[last], s.idle[:last]
	} else {
		c = s.create()
	}
	c.name, c.fn, c.daemon, c.canceled, c.outcome = name, fn, daemon, false, nil
	c.why, c.since = reason{toStart, none}, s.elapsed
	if !daemon {
		s.living++
	}
	c.older, c.younger = s.tasks, nil
	if s.tasks != nil {
		s.tasks.younger = c
	}
	s.tasks = c
	c.state = ready
	s.next = append(s.next, c)
	return c
}

// create makes a coroutine that works until it has no function. It is used again and again, because a new
// one costs six allocations and a stack that has yet to grow.
//
// The runtime has a condition: a goroutine that called runtime.LockOSThread when a coroutine was created
// must hold that lock whenever it resumes one, and a coroutine must not change it before it yields;
// otherwise the program dies with a fatal error, which no recover catches and nothing here could foresee.
func (s *Scheduler) create() *coroutine {
	c := &coroutine{scheduler: s, index: none}
	c.resume, _ = iter.Pull(func(yield func(reason) bool) {
		c.yield = yield
		for c.fn != nil {
			c.work()
			yield(reason{toWork, none})
		}
	})
	return c
}

// end lets c return. One that is never ended stays for ever: the collector does not find it.
func (c *coroutine) end() {
	c.fn = nil
	c.resume()
}

// work runs the function. A panic is caught here, where its stack can still be seen: iter.Pull would
// raise it again in the scheduler, without it. A Goexit cannot be caught; iter.Pull passes it on to the
// goroutine that called Run.
func (c *coroutine) work() {
	s := c.scheduler
	defer func() {
		if p := recover(); p != nil && s.failure == nil {
			s.failure = fmt.Errorf("coroutine %q panicked: %v\n%s", c.name, p, debug.Stack())
			s.Stop()
		}
	}()
	c.fn()
	s.flush()
}

// run resumes c until it waits or ends.
func (s *Scheduler) run(c *coroutine) {
	c.state, c.reads = running, 0
	s.current = c
	if s.options.Trace != nil {
		c.resumed()
	}
	if s.options.Slow > 0 {
		s.watch(c)
	} else {
		s.resume(c)
	}
	s.current = nil
	if s.options.Poison {
		s.poison()
	}
	switch c.state {
	case running: // it did not park: its function returned
		s.retire(c)
		s.keep(c)
	case parked:
		if s.options.Trace != nil {
			c.parked()
		}
		s.declare(c)
	}
}

// watch resumes c and tells if it held the thread for too long. That is known only afterwards; to look
// while it does is what a debugger or SIGQUIT's stacks are for.
func (s *Scheduler) watch(c *coroutine) {
	start := s.kernel.Now()
	s.resume(c)
	if took := s.kernel.Now().Sub(start); took > s.options.Slow {
		s.options.OnSlow(c.name, took)
	}
}

// declare tells the timers until when c waits, and the kernel what for: the descriptor that it named, and the end
// of the client that it works for. This is done here and not before it parked because here is the scheduler's stack. What a
// coroutine calls makes its own stack grow, and ten thousand of them keep what they once needed.
func (s *Scheduler) declare(c *coroutine) {
	if c.deadline != 0 {
		s.timers.set(c)
	}
	var err error
	if c.why.fd != none {
		d := s.table[c.why.fd]
		err = s.want(d, d.wanted|c.why.interest())
	}
	if client := c.handles; client != nil && err == nil {
		err = s.want(&client.descriptor, client.wanted|poll.Read)
	}
	if err != nil {
		s.unpark(c, err)
	}
}

// retire takes c off the list of tasks.
func (s *Scheduler) retire(c *coroutine) {
	if c.older != nil {
		c.older.younger = c.younger
	}
	if c.younger != nil {
		c.younger.older = c.older
	} else {
		s.tasks = c.older
	}
	c.older, c.younger = nil, nil
	c.state, c.handles, c.deadline = idle, nil, 0
	if !c.daemon {
		s.living--
	}
}

// keep puts c among those that can be used again, or ends it.
func (s *Scheduler) keep(c *coroutine) {
	if len(s.idle) < idleMost && !s.stopping {
		s.idle = append(s.idle, c)
		return
	}
	s.timers.remove(c)
	c.end()
}

// enter is the beginning of every wait: may this coroutine wait, for something else than the client it
// works for (own is that client's descriptor, or nil)? What it has sent goes out first.
func (s *Scheduler) enter(own *descriptor) error {
	c := s.current
	switch {
	case c == nil:
		return ErrOutside
	case s.locked > 0:
		return strand.ErrLocked
	case s.unsent != nil:
		s.flush() // this may itself park
	}
	if s.stopping || c.canceled {
		return strand.ErrCanceled
	}
	if client := c.handles; client != nil && client.left && &client.descriptor != own {
		return strand.ErrCanceled
	}
	return nil
}

// park gives the thread away until somebody calls unpark, or until a time, as since counts it. It comes
// after enter, and is the only place where a coroutine waits.
func (s *Scheduler) park(why reason, until time.Duration) error {
	c := s.current
	if until != 0 {
		c.deadline = until
	}
	c.state, c.since = parked, s.elapsed
	c.yield(why)
	return c.outcome
}

// unpark ends c's wait with an outcome. It is the only way out of one, and who comes first decides:
// when a wake, a time and a client that leaves meet in one turn, the later ones find nobody parked.
func (s *Scheduler) unpark(c *coroutine, outcome error) {
	if c.state != parked {
		return
	}
	c.state, c.outcome, c.deadline = ready, outcome, 0
	s.next = append(s.next, c)
}

// poison overwrites what was lent since the last switch: whoever still needs it should have copied it.
func (s *Scheduler) poison() {
	for _, lent := range [][]byte{s.in[:s.lentIn], s.out[:s.lentOut]} {
		for i := range lent {
			lent[i] = 0xDB
		}
	}
	s.lentIn, s.lentOut = 0, 0
}
