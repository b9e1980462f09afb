package prefork

import (
	"errors"
	"sync/atomic"
	"time"

	"example.com/c10k/01-blocking/sock"
	"golang.org/x/sys/unix"
)

// A door is where connections come in when the master accepts: a thread that waits in poll(2) for the
// listener and for the word that it shall stop. After each connection it waits for the master (GoOn), so
// that one at most is neither in the kernel's queue nor in a worker's: what cannot be handed on stays
// where it is bounded, in the queue.
type door struct {
	woken, waking sock.NonBlocking // a pair: when waking is written to, or closed, woken is readable
	goOn          chan struct{}
	stopping      atomic.Pointer[closing]
	ended         chan struct{} // closed when the thread has ended; nil: there was none
}

// closing says how the door is closed: with the queue empty or at once; and what is to be done then.
type closing struct {
	empty bool
	then  func()
}

const (
	// earlySize is how many bytes of a connection travel with it: those that are here when it is accepted.
	earlySize = 4096

	// pause is how long to leave the listener alone when there is no descriptor for a connection.
	pause = 100 * time.Millisecond
)

func (d *door) open() (err error) {
	d.goOn = make(chan struct{}, 1)
	d.woken, d.waking, err = sock.Pair()
	return err
}

// close ends the thread, after done has been closed. A door that was never open needs none.
func (d *door) close() {
	if d.goOn == nil {
		return
	}
	d.waking.Close()
	if d.ended != nil {
		<-d.ended
	}
	d.woken.Close()
}

func (s *system) Accept() {
	s.door.stopping.Store(nil)
	s.door.ended = make(chan struct{})
	go s.accept(s.door.ended)
}

func (s *system) GoOn() { s.door.goOn <- struct{}{} } // has room: it answers one accepted

func (s *system) StopAccepting(empty bool, then func()) {
	s.door.stopping.Store(&closing{empty, then})
	s.door.waking.Write([]byte{0})
}

// accept is the thread at the door. When it stops and the queue is to be emptied, it takes a backlog's worth
// and no more: under a load that never ends, the queue never does either.
func (s *system) accept(ended chan struct{}) {
	defer close(ended)
	listener := sock.NonBlocking(s.config.Listener)
	for last := 0; ; {
		stopping := s.door.stopping.Load()
		if stopping != nil && (!stopping.empty || last >= sock.DefaultBacklog) {
			s.Post(stopping.then)
			return
		}
		c, err := listener.Accept()
		switch {
		case err == nil:
			if stopping != nil {
				last++
			}
			arrived := connection{Descriptor: int(c), Early: s.early(c)}
			s.Post(func() { s.master.accepted(arrived) })
			select {
			case <-s.door.goOn:
			case <-s.done:
				return
			}
		case err == sock.ErrAborted:
		case err == sock.ErrAgain && stopping != nil:
			s.Post(stopping.then)
			return
		case err == sock.ErrAgain:
			if !s.knock(listener, -1) {
				return
			}
		default: // no descriptor is left, or no memory; the connection stays queued
			s.config.Log.Warn("a connection cannot be accepted: raise the limit (ulimit -n) if descriptors are missing", "error", err)
			if !s.knock(-1, pause) {
				return
			}
		}
	}
}

// early takes what a new connection has sent already. A master that looks into requests, to choose a worker
// by them, has to read; and what was read must travel with the descriptor, as nobody can read it again. It
// does not wait for more: a silent client would hold up all others, and time-outs are a worker's business.
func (s *system) early(c sock.NonBlocking) []byte {
	if s.config.Mode != HandOver {
		return nil
	}
	var b [earlySize]byte
	n, _ := c.Read(b[:]) // the end of the stream, or an error, the worker will meet too
	return append([]byte(nil), b[:n]...)
}

// knock waits until the listener is readable, or the door is to be closed, or the time is over (-1: never).
// false means that the master has finished.
func (s *system) knock(listener sock.NonBlocking, limit time.Duration) bool {
	asked := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}, {Fd: int32(s.door.woken), Events: unix.POLLIN}}
	milliseconds := -1
	if limit >= 0 {
		milliseconds = int(limit.Milliseconds())
	}
	if _, err := unix.Poll(asked, milliseconds); err != nil && !errors.Is(err, unix.EINTR) {
		s.config.Log.Error("poll", "error", err)
		return false
	}
	if asked[1].Revents != 0 {
		var b [1]byte
		s.door.woken.Read(b[:])
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}
