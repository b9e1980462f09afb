package coro

import (
	"fmt"
	"sync"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
)

// A Scheduler runs coroutines, one at a time.
type Scheduler struct {
	kernel  Kernel
	options Options

	current *coroutine   // the one that runs
	aside   func()       // what it wants to have run on the scheduler's stack
	ready   []*coroutine // to be resumed, in this order
	next    []*coroutine // what became ready while ready was worked off; the two change places
	timers  timers       // who waits until when
	idle    []*coroutine // to be reused, at most idleMost
	tasks   *coroutine   // all that live: a list, for reports and for cancelling
	living  int          // coroutines that Run waits for

	table           []*descriptor // by number: who waits for what
	waiting         int           // coroutines that wait for a descriptor: somebody outside can still wake us
	closing         []int         // closed in this turn; given back to the kernel after the batch
	in              []byte        // lent by Recv
	out             []byte        // taken by Send, not written yet
	unsent          *Conn         // whose bytes are in out
	unsentUntil     time.Duration // when they must be written; 0: never mind
	lentIn, lentOut int           // bytes of in and out that were in use since the last switch, for Poison

	now       time.Time              // read once a turn
	started   time.Time              // timers count from here
	elapsed   time.Duration          // from started to now
	roomAt    time.Duration          // when other goroutines get the processor next
	locked    int                    // strand.Model's lock only counts
	running   bool                   // Run was called and has not returned
	stopping  bool                   // every wait fails with ErrCanceled
	failure   error                  // what ended Run
	panicked  error                  // what a function that was run aside panicked with
	offloaded *strand.Chan[struct{}] // a place for each function that runs off the loop; nil before the first

	foreign struct { // everything that other goroutines touch
		sync.Mutex
		posted   []func()
		expected int  // Hold: somebody outside will post
		ended    bool // Run has returned
	}
	events [eventsPerWait]poll.Event
}

var _ strand.Model = (*Scheduler)(nil)

// New makes a scheduler on k, which belongs to it from now on.
func New(k Kernel, o Options) *Scheduler {
	s := &Scheduler{kernel: k, options: o, in: make([]byte, readSize), out: make([]byte, 0, sendSize)}
	s.now = k.Now()
	s.started = s.now
	return s
}

// Run runs main as the first coroutine, and returns when it and all that were started by Go have ended:
// nil, or a *Deadlock that says who waits for what, or the error of a coroutine that panicked. After an
// error the other coroutines have been cancelled and have returned.
//
// A coroutine that calls runtime.Goexit, as t.Fatal does, ends Run in the same way: the others are
// cancelled and return, and then the goroutine that called Run exits. So t.Fatal does in a coroutine what
// it does in a test.
func (s *Scheduler) Run(main func()) error {
	if s.running {
		return ErrRunning
	}
	s.running, s.failure = true, nil
	s.setEnded(false)
	defer s.unwind()
	s.runPosted()
	s.Go("main", main)
	for s.turn(); s.living > 0; s.turn() {
		if err := s.wait(); err != nil && s.failure == nil {
			s.failure = err
			s.Stop()
		}
	}
	s.unwind() // daemons are left
	return s.failure
}

// unwind cancels those that are left, and lets them return. When a coroutine has exited, it runs as a
// deferred call of Run; if another one exits meanwhile, again.
func (s *Scheduler) unwind() {
	if !s.running {
		return
	}
	finished := false
	defer func() {
		if !finished {
			s.unwind()
		}
	}()
	if c := s.current; c != nil { // it exited in the middle of a turn
		s.current, s.locked = nil, 0
		s.flush()
		s.timers.remove(c)
		s.retire(c)
		for _, c := range s.ready {
			if c != nil {
				s.next = append(s.next, c)
			}
		}
		s.ready = s.ready[:0]
	}
	for s.Stop(); s.tasks != nil; {
		s.turn()
	}
	for len(s.idle) > 0 {
		last := len(s.idle) - 1
		c := s.idle[last]
		s.idle = s.idle[:last]
		c.end()
	}
	finished, s.running, s.stopping = true, false, false
	s.setEnded(true)
}

// turn resumes everybody who is ready, once. Who becomes ready meanwhile has the next turn, after a look
// at the kernel: so coroutines that keep each other busy do not starve the network.
func (s *Scheduler) turn() {
	s.ready, s.next = s.next, s.ready[:0]
	for i, c := range s.ready {
		s.ready[i] = nil
		s.run(c)
	}
	s.closeDescriptors()
}

// wait asks the kernel what happened, for as long as nothing else is to be done.
func (s *Scheduler) wait() error {
	d := time.Duration(-1)
	if len(s.next) > 0 {
		d = 0
	} else if at, some := s.timers.first(); some {
		d = max(0, at-s.kernel.Now().Sub(s.started))
	} else if s.waiting == 0 && !s.watches() && !s.expects() {
		return s.deadlock()
	}
	s.makeRoom()
	n, err := s.kernel.Wait(s.events[:], d)
	if err != nil {
		return fmt.Errorf("waiting for events: %w", err)
	}
	s.now = s.kernel.Now()
	s.elapsed = s.now.Sub(s.started)
	for _, e := range s.events[:n] {
		s.dispatch(e)
	}
	s.timers.expire(s.elapsed, func(c *coroutine) { s.unpark(c, strand.ErrTimeout) })
	s.runPosted()
	return nil
}

// watches tells whether somebody waits who works for a client: the client may still leave, and that ends
// the wait. It is asked only when nobody waits for a descriptor, as at the end of a drain.
func (s *Scheduler) watches() bool {
	for c := s.tasks; c != nil; c = c.older {
		if c.handles != nil && c.handles.wanted&poll.Read != 0 {
			return true
		}
	}
	return false
}

// dispatch wakes who waits for what is ready. An event that nobody waits for is answered by reading, if
// the connection's handler waits for something else, and otherwise by wanting no more of them: being
// level-triggered, it would come again and again.
func (s *Scheduler) dispatch(e poll.Event) {
	if int(e.FD) >= len(s.table) || s.table[e.FD] == nil {
		return // closed earlier in this batch
	}
	d := s.table[e.FD]
	if e.Ready&poll.Read != 0 {
		switch {
		case d.reader != nil:
			s.unpark(d.reader, nil)
		case d.handler != nil && d.handler.state == parked && d.writer == nil:
			d.handler.handles.readEarly()
		default:
			s.want(d, d.wanted&^poll.Read)
		}
	}
	if e.Ready&poll.Write != 0 {
		if d.writer != nil {
			s.unpark(d.writer, nil)
		} else {
			s.want(d, d.wanted&^poll.Write)
		}
	}
}

// want declares what is wanted of d, if that is new.
func (s *Scheduler) want(d *descriptor, w poll.Interest) error {
	if w == d.wanted {
		return nil
	}
	if err := s.kernel.Set(int(d.fd), w); err != nil {
		return err
	}
	d.wanted = w
	return nil
}

// closeDescriptors gives back what was closed in this turn: not earlier, because an event of the same
// batch could then meet a new connection under the old number.
func (s *Scheduler) closeDescriptors() {
	for _, fd := range s.closing {
		s.kernel.Close(fd)
	}
	s.closing = s.closing[:0]
}

// Stop cancels everybody: every wait, now and later, returns strand.ErrCanceled. What a coroutine still
// sends without waiting is sent. Called from a coroutine, or by way of Post.
func (s *Scheduler) Stop() {
	s.stopping = true
	for c := s.tasks; c != nil; c = c.older {
		s.unpark(c, strand.ErrCanceled)
	}
}

// CancelRecvs ends, once, every Recv in which a coroutine waits for the client that it handles, with
// strand.ErrCanceled, if nothing has arrived. It is the first half of a drain: whoever rests between two
// requests can go, and whoever is in the middle of one calls Recv again.
func (s *Scheduler) CancelRecvs() {
	for c := s.tasks; c != nil; c = c.older {
		if c.handles != nil && c.handles.reader == c {
			s.unpark(c, strand.ErrCanceled)
		}
	}
}
