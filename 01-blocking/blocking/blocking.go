// Package blocking holds the servers of stage 01: one connection at a time, and an OS thread for each.
//
// Both accept, read and write with calls that block their thread. Both run serve.Connection, the straight
// line. The difference is one word, in [Server.Serve]: the connection is served, or it is given a strand.
//
// What they do not do: they cannot notice that a client left while its handler waits, because the thread
// that would have to read sleeps in the handler; and they cannot be told to finish, because a thread
// inside a system call hears nobody. Stage 03 can do both.
package blocking

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
)

// A Server accepts from one listener.
type Server struct {
	Listener sock.Blocking
	Options  serve.Options

	// Model carries the connections, a strand each. nil: no strands, one connection at a time.
	Model strand.Model

	// Most is how many connections are served at the same time, at most sock.ConnectionLimit; a further
	// one is answered 503.
	Most int

	Log   *slog.Logger    // accept errors; nil: nowhere
	Trace *trace.Recorder // what happens to each connection; nil: not recorded

	open atomic.Int64 // connections being served
}

// pause is how long to wait after accept failed for want of descriptors. The connection that could not
// be accepted is still in the queue, so that accept would fail again at once, and again: a spin.
const pause = 10 * time.Millisecond

// Serve accepts and serves until the listener fails; it never returns nil.
func (s *Server) Serve() error {
	for {
		c, err := s.Listener.Accept()
		switch {
		case errors.Is(err, sock.ErrAborted): // the client was gone before we came
			continue
		case errors.Is(err, sock.ErrNoDescriptors):
			s.complain("no descriptor is left for a new connection: raise the limit (ulimit -n)", err)
			time.Sleep(pause)
			continue
		case err != nil:
			return fmt.Errorf("accept: %w", err)
		}
		if s.open.Add(1) > int64(s.Most) {
			s.turnAway(c)
			continue
		}
		seen := s.Trace.Accept()
		//> one-word
		if s.Model == nil {
			s.serve(c, seen)
		} else {
			s.Model.Go("connection", func() { s.serve(c, seen) })
		}
		//< one-word
	}
}

func (s *Server) serve(c sock.Blocking, seen *trace.Connection) {
	defer s.done(c)
	if threads, ok := s.Model.(*Threads); ok && s.Trace != nil {
		seen.Begin(threads.number())
	}
	lent := serve.Buffers{}
	serve.Connection(&stream{fd: c, seen: seen}, &lent, &s.Options)
	seen.Close()
}

func (s *Server) done(c sock.Blocking) {
	c.Close()
	s.open.Add(-1)
}

// turnAway answers a connection above the limit without reading its request, and does not wait for it:
// the answer fits into an empty send buffer.
func (s *Server) turnAway(c sock.Blocking) {
	defer s.done(c)
	var date http1.Date
	c.Write(http1.AppendResponse(nil, http1.Framing{Minor: 1, Close: true}, &serve.Full, date.At(s.Options.Now())))
	c.CloseWrite()
}

func (s *Server) complain(what string, err error) {
	if s.Log != nil {
		s.Log.Warn(what, "error", err)
	}
}
