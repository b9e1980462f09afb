package coro

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/c10k/02-selectors/poll"
)

// A Listener accepts connections.
type Listener struct {
	descriptor
	scheduler *Scheduler
	at        netip.AddrPort
	shared    bool // with other processes: take one connection at each wake, and leave them theirs
	exclusive bool
	deferred  bool // connections arrive with their first bytes

	Accepted int // connections
	Empty    int // wake-ups that found nothing, because another process that shares the listener was faster
}

// Listen opens a listener, for example at "127.0.0.1:8080"; port 0 picks one.
func (s *Scheduler) Listen(addr string, o ListenOptions) (*Listener, error) {
	fd, at, err := s.kernel.Listen(addr, o)
	if err != nil {
		return nil, err
	}
	return s.adoptListener(fd, at, o.DeferAccept), nil
}

// Share is a listener that this process has in common with others: the descriptor is already open and
// listening, non-blocking, and belongs to the scheduler from now on. exclusive asks the kernel to wake
// one of the processes and not all (poll.Exclusive).
func (s *Scheduler) Share(fd int, at netip.AddrPort, deferred, exclusive bool) *Listener {
	l := s.adoptListener(fd, at, deferred)
	l.shared, l.exclusive = true, exclusive
	return l
}

// Inherit is a listener that was opened by another process and is accepted from by this one only: at each
// wake it takes what there is, as after Listen.
func (s *Scheduler) Inherit(fd int, at netip.AddrPort, deferred bool) *Listener {
	return s.adoptListener(fd, at, deferred)
}

func (s *Scheduler) adoptListener(fd int, at netip.AddrPort, deferred bool) *Listener {
	l := &Listener{descriptor: descriptor{fd: int32(fd)}, scheduler: s, at: at, deferred: deferred}
	s.register(&l.descriptor)
	return l
}

// At is where it listens.
func (l *Listener) At() netip.AddrPort { return l.at }

// Accept waits for a connection. ErrNoDescriptors leaves it in the kernel's queue: close something
// before you ask again. ErrClosed and strand.ErrCanceled end the wait.
func (l *Listener) Accept() (*Conn, error) {
	s := l.scheduler
	what := toAccept
	if l.exclusive {
		what = toAcceptAlone
	}
	for {
		if l.drained {
			if err := s.await(&l.descriptor, &l.reader, what, 0); err != nil {
				return nil, err
			}
		} else if s.current == nil {
			return nil, ErrOutside
		}
		if l.closed {
			return nil, ErrClosed
		}
		fd, err := s.kernel.Accept(int(l.fd))
		l.drained = l.shared || err == ErrAgain
		if err == ErrAgain && l.shared {
			l.Empty++
		}
		switch err {
		case nil:
			if !l.drained {
				if s.current.reads++; s.current.reads > readsPerTurn {
					l.drained = true // the rest when the others had their turn
				}
			}
			l.Accepted++
			c := s.newConn(fd, l.deferred)
			if s.options.Trace != nil {
				c.begun()
			}
			return c, nil
		case ErrAgain, ErrAborted:
		default:
			return nil, err
		}
	}
}

// TryAccept is Accept without a wait, so that any function of the scheduler may call it: ErrAgain says that
// nobody is in the queue.
func (l *Listener) TryAccept() (*Conn, error) {
	if l.closed {
		return nil, ErrClosed
	}
	for {
		fd, err := l.scheduler.kernel.Accept(int(l.fd))
		if err == nil {
			return l.scheduler.newConn(fd, l.deferred), nil
		}
		if err != ErrAborted {
			return nil, err
		}
	}
}

// Close ends listening; who waits in Accept gets ErrClosed. Connections that wait in the kernel's queue
// are reset, unless another process has the listener too.
func (l *Listener) Close() error { return l.scheduler.forget(&l.descriptor) }

// Dial connects to an address and port, from an address of this machine or, if that is not valid, from
// any. It waits until the connection is made or refused, or until a time.
func (s *Scheduler) Dial(addr string, until time.Time) (*Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s: write an address and a port, as in 127.0.0.1:8080", addr)
	}
	return s.DialFrom(netip.Addr{}, to, until)
}

// DialFrom is Dial with a source address. One source has only some 28,000 ports for one destination.
func (s *Scheduler) DialFrom(from netip.Addr, to netip.AddrPort, until time.Time) (*Conn, error) {
	if s.current == nil {
		return nil, ErrOutside
	}
	fd, err := s.kernel.Connect(from, to)
	if err != nil {
		return nil, err
	}
	c := s.newConn(fd, false)
	err = s.await(&c.descriptor, &c.writer, toConnect, s.since(until))
	if err == nil {
		err = s.kernel.Connected(fd)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, s.want(&c.descriptor, poll.Read) // what a client waits for next
}
