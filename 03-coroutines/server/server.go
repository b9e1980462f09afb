// Package server is HTTP on the scheduler: it accepts, gives each connection a coroutine, and runs
// serve.Connection there, the same straight line that the threads of stage 01 run.
//
// It knows the limit (connections above it are answered 503, or left to the other processes that share
// the listener), and it drains: what is under way is finished, what rests is closed.
//
// What this package does not do: it makes no scheduler and no listener, and imports no system package,
// so it runs on the simulated kernel as it does here.
package server

import (
	"errors"
	"log/slog"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

// A Server serves one listener on one scheduler. All of it is used from the scheduler's coroutines.
type Server struct {
	Scheduler *coro.Scheduler
	Listener  *coro.Listener // nil: connections come through Take only
	Options   serve.Options
	Most      int          // connections at the same time; more are turned away
	Shared    bool         // other processes accept from this listener too: above Most, leave them to those
	Log       *slog.Logger // nil: nowhere

	lent     serve.Buffers // one for all: only one coroutine runs
	open     int           // connections being served
	room     strand.Waiter // woken when a connection ends
	draining bool
}

// pause is how long to leave the listener alone when no descriptor is left, although Most says that
// there should be: the connection stays queued, and to ask again at once would be a spin.
const pause = 100 * time.Millisecond

// Serve accepts until Drain was called or the listener fails. Connections may outlive it; the
// scheduler's Run waits for them.
func (s *Server) Serve() error {
	s.room = s.Scheduler.NewWaiter()
	s.Options.Draining = func() bool { return s.draining }
	for !s.draining {
		if s.Listener == nil || s.Shared && s.open >= s.Most {
			if err := s.room.Wait(time.Time{}); err != nil {
				return err
			}
			continue
		}
		c, err := s.Listener.Accept()
		switch {
		case err == nil:
			s.start(c)
		case errors.Is(err, coro.ErrNoDescriptors):
			s.complain("no descriptor is left for a new connection: raise the limit (ulimit -n)", err)
			if err := s.Scheduler.Sleep(pause); err != nil {
				return err
			}
		case s.draining:
			return nil
		default:
			return err
		}
	}
	return nil
}

// Take serves a connection that was accepted elsewhere, in a drain as well: it was given to this server, and
// to nobody else.
func (s *Server) Take(c *coro.Conn) { s.start(c) }

// Drain takes what waits in the listener's queue, closes the listener and the connections that rest between two
// requests, and lets all others finish the one they have in hand. To end those that do not, stop the scheduler.
func (s *Server) Drain() {
	if s.draining {
		return
	}
	s.draining = true
	if s.Listener != nil {
		s.acceptQueued()
		s.Listener.Close()
	}
	s.Scheduler.CancelRecvs()
	if s.room != nil {
		s.room.Wake()
	}
}

// queuedMost bounds what a drain accepts: as much as Linux lets a queue hold, unless it is told otherwise
// (net.core.somaxconn). Under a load that never ends, the queue never does either.
const queuedMost = 4096

// acceptQueued takes what waits in the listener's queue: if this is the last process that has the listener,
// nobody else will, and the end of the listener resets it.
func (s *Server) acceptQueued() {
	for n := 0; n < queuedMost && s.open < s.Most; n++ {
		c, err := s.Listener.TryAccept()
		if err != nil {
			return
		}
		s.start(c)
	}
}

// Open is the number of connections being served.
func (s *Server) Open() int { return s.open }

func (s *Server) start(c *coro.Conn) {
	s.open++
	if s.open > s.Most {
		s.Scheduler.Go("turning a connection away", func() { defer s.done(c); s.turnAway(c) })
		return
	}
	s.Scheduler.Go("connection", func() {
		c.Handle()
		serve.Connection(c, &s.lent, &s.Options)
		s.done(c)
	})
}

func (s *Server) done(c *coro.Conn) {
	c.Close()
	s.open--
	s.room.Wake()
}

// turnAway answers without reading the request.
func (s *Server) turnAway(c *coro.Conn) {
	now := s.Scheduler.Now()
	answer := http1.AppendResponse(nil, http1.Framing{Minor: 1, Close: true}, &serve.Full, s.lent.Date.At(now))
	if c.Send(answer, now.Add(time.Second)) == nil {
		c.CloseWrite()
	}
}

func (s *Server) complain(what string, err error) {
	if s.Log != nil {
		s.Log.Warn(what, "error", err)
	}
}
