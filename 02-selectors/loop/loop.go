// Package loop is the event-loop server: one goroutine, one poller, and a state machine for each
// connection instead of a thread.
//
// Nothing here waits but the poller. A turn of the loop asks it who is ready, moves each of those
// connections on as far as it goes without waiting, and comes back. What a thread would keep on its
// stack while it waits is kept in a struct of some two hundred bytes: see connection.go for the states. The
// buffers belong to the loop, because only one connection uses them at a time.
//
// A [Handler] is called on the loop's goroutine and must return at once: while it runs, nobody else is
// served. If it has no answer yet, it parks the exchange and answers later from the handler of another.
//
// What this package does not do: it runs no handler that waits (package serve does, on a thread or a
// coroutine), it streams no bodies, it calls no application after a time, and it uses one core.
package loop

import (
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// Options are what a server may be told. The zero value has no time-outs.
type Options struct {
	Timeouts serve.Timeouts // 0: never
	Limits   *http1.Limits  // nil: http1.DefaultLimits
	Most     int            // connections at the same time; 0: as many as descriptors allow, see sock.ConnectionLimit
	Deferred bool           // the listener has DeferAccept: what it hands out can be read at once
	Drain    time.Duration  // how long Stop waits for requests that are in hand; 0: DefaultDrain
	Log      *slog.Logger   // panics of handlers, trouble with the listener; nil: nowhere
}

const (
	// DefaultDrain is shorter than the time after which a supervisor kills (containers: 10 s would be
	// too late, systemd waits 90 s).
	DefaultDrain = 8 * time.Second
)

const (
	eventsPerTurn  = 512      // a turn's length; those left over are reported by the next Wait
	acceptsPerTurn = 64       // new clients must not starve the old ones
	answersPerTurn = 512      // nor must a notify with ten thousand answers
	inputSize      = 64 << 10 // bytes of one read; a longer request takes several
	outputLimit    = 64 << 10 // bytes of answers collected before they are written
	largestKept    = 1 << 20  // bytes of output buffer kept for the next answer; a larger one is given back

	yieldEvery = 5 * time.Millisecond // half of what the Go scheduler lets a goroutine run for
)

// A Server is one loop. All its methods but Stop belong to the goroutine that calls Run.
type Server struct {
	listener sock.NonBlocking // -1 once it is closed
	poller   poll.Poller
	handler  Handler
	options  Options

	connections []*connection // by descriptor: dense, because the kernel gives out the lowest free number
	open        int           // connections that have a descriptor, the refused ones included
	refused     int           // of these: being told 503
	ended       []*connection // to be closed after the batch
	answered    []*connection // parked exchanges that have got their answer, oldest first
	timers      timers

	started time.Time
	now     time.Duration // since started; looked up once a turn
	yieldAt time.Duration
	dates   http1.Date
	date    []byte // the Date field of this turn's answers

	events   [eventsPerTurn]poll.Event
	request  http1.Request // shared by all parsers: a request is lent
	exchange Exchange      // lent to the handler
	in, out  []byte        // shared by all connections

	reserve    *sock.Reserve
	resumeAt   time.Duration // when a paused listener is asked again; 0: it is not paused
	complainAt time.Duration // not before this is the listener's trouble logged again
	draining   bool
	drainUntil time.Duration

	wakeup  sock.NonBlocking // readable when Stop was called
	stop    sync.Mutex       // guards the two below
	stopper sock.NonBlocking // the other end of wakeup
	stopped bool             // Run has ended: stopper is closed
}

// New makes a server of a listener and a poller. From here on both are the server's, and Run closes them;
// after an error they are still the caller's.
func New(l sock.NonBlocking, p poll.Poller, h Handler, o Options) (*Server, error) {
	room, err := sock.ConnectionLimit()
	if err != nil {
		return nil, err
	}
	if o.Most < 1 || o.Most > room {
		o.Most = room
	}
	if o.Limits == nil {
		o.Limits = &http1.DefaultLimits
	}
	if o.Drain == 0 {
		o.Drain = DefaultDrain
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{listener: l, poller: p, handler: h, options: o, started: time.Now(),
		in: make([]byte, inputSize), out: make([]byte, 0, outputLimit)}
	if s.reserve, err = sock.NewReserve(); err != nil {
		return nil, err
	}
	if s.wakeup, s.stopper, err = sock.Pair(); err != nil {
		s.reserve.Close()
		return nil, err
	}
	err = errors.Join(p.Set(int(s.wakeup), poll.Read), p.Set(int(l), poll.Read))
	if err != nil {
		p.Set(int(s.wakeup), 0)
		p.Set(int(l), 0)
		s.wakeup.Close()
		s.stopper.Close()
		s.reserve.Close()
		return nil, err
	}
	return s, nil
}

// Run serves until Stop, and then returns nil; or until the poller fails. It closes all descriptors.
func (s *Server) Run() error {
	defer s.release()
	for !s.draining || s.open > 0 {
		n, err := s.poller.Wait(s.events[:], s.patience())
		if err != nil {
			return err
		}
		s.look()
		for _, event := range s.events[:n] {
			s.ready(int(event.FD))
		}
		s.deliver()
		s.expire()
		s.bury()
	}
	return nil
}

// Stop lets Run end gracefully: nobody is accepted any more, idle connections are closed, and requests
// that are in hand are finished, for Options.Drain at the longest. Exchanges that are parked wait for
// another client, and there will be none: they are answered 503. Any goroutine may call Stop.
func (s *Server) Stop() {
	s.stop.Lock()
	defer s.stop.Unlock()
	if !s.stopped {
		s.stopper.Write([]byte{0}) // if there is no room for it, Stop was called very often already
	}
}

// look reads the clock, for this whole turn: a hundred requests share one look.
func (s *Server) look() {
	now := time.Now()
	s.now = now.Sub(s.started)
	s.date = s.dates.At(now)
	s.yield()
}

// patience is how long the poller may wait: until the first of the things that are due.
func (s *Server) patience() time.Duration {
	if len(s.answered) > 0 {
		return 0
	}
	first := s.timers.first()
	for _, at := range [...]time.Duration{s.resumeAt, s.drainUntil} {
		if at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return -1
	}
	return max(0, first-s.now)
}

// ready moves the connection on whose descriptor the poller has reported. Which of read and write it is
// ready for need not be asked: its state says what it was waiting for, and a call that finds nothing to
// do answers ErrAgain.
func (s *Server) ready(fd int) {
	switch fd {
	case int(s.listener):
		s.accept(acceptsPerTurn)
		return
	case int(s.wakeup):
		s.drain()
		return
	}
	c := s.connections[fd]
	if c == nil {
		return
	}
	switch c.state {
	case reading, waiting:
		s.receive(c)
	case writing:
		s.flush(c)
	case lingering:
		s.discard(c)
	case ended: // in this very batch
	}
}

// yield lets the Go scheduler have a look now and then. A busy loop makes raw calls only, so the runtime
// would take it for a goroutine that never pauses: after 10 ms its watcher interrupts it with a signal, and
// each time goes back to watching every 20 µs (sysmon and retake in runtime/proc.go), on a core that
// the loop could use.
func (s *Server) yield() {
	if s.now >= s.yieldAt {
		s.yieldAt = s.now + yieldEvery
		runtime.Gosched()
	}
}
