package loop

import (
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
)

// Bounds of lingering: what a client may still send, and how long, after its last answer.
const (
	lingerBytes = 4 << 20
	lingerTime  = 2 * time.Second
)

// finish ends a connection whose last answer is out. If the client may have sent more than was read, it
// lingers: closing now would leave unread bytes in the socket, for which the kernel sends a reset, and the
// reset could destroy our answer before the client has read it (RFC 9112 section 9.6).
func (s *Server) finish(c *connection) {
	if !c.unread && c.parser.Buffered() == 0 || sock.NonBlocking(c.socket).CloseWrite() != nil {
		s.end(c)
		return
	}
	c.parser.Release()
	c.state = lingering
	c.since = s.now
}

// discard reads what a lingering client still sends, until it has closed too.
func (s *Server) discard(c *connection) {
	n, err := sock.NonBlocking(c.socket).Read(s.in)
	c.surplus += int32(n)
	if err != nil && err != sock.ErrAgain || c.surplus > lingerBytes {
		s.end(c)
	}
}

// leave ends a connection whose client is not there any more, or not wanted, and tells the application if
// it holds a parked exchange of it.
func (s *Server) leave(c *connection) {
	s.tell(c)
	s.end(c)
}

// end gives back all but the descriptor: see bury.
func (s *Server) end(c *connection) {
	if c.state == ended {
		return
	}
	c.state = ended
	c.parser.Release()
	c.output, c.answer = nil, nil
	s.timers.remove(c)
	s.ended = append(s.ended, c)
}

// bury closes the connections that ended in this batch. Not before its end: an event that is still to be
// handled would meet a connection that was accepted meanwhile and got the same number.
func (s *Server) bury() {
	for _, c := range s.ended {
		fd := int(c.socket)
		s.watch(c)
		sock.NonBlocking(fd).Close()
		s.connections[fd] = nil
		s.open--
		if c.refusal {
			s.refused--
		}
	}
	clear(s.ended)
	s.ended = s.ended[:0]
}

// expire ends what has lasted too long, and asks a paused listener again.
func (s *Server) expire() {
	for c := s.timers.due(s.now); c != nil; c = s.timers.due(s.now) {
		s.timeout(c)
	}
	if s.resumeAt != 0 && s.resumeAt <= s.now {
		s.resume()
	}
	if s.drainUntil != 0 && s.drainUntil <= s.now {
		s.giveUp()
	}
}

// timeout: a client that has sent a part of a request is told 408; one that has sent nothing, in silence.
func (s *Server) timeout(c *connection) {
	if c.state != reading || c.parser.Stage() == http1.Idle {
		s.leave(c)
		return
	}
	s.refuse(c, &late)
	s.send(c)
	s.settle(c)
}

var late = http1.Error{Status: 408, Reason: "the request did not arrive in time"}

// drain begins the end of the server, when Stop has written into the pair.
func (s *Server) drain() {
	s.wakeup.Read(s.in)
	if s.draining {
		return
	}
	// Whoever has connected before the end is served: their connections are in the kernel's queue, and
	// would be reset with it.
	if s.resumeAt == 0 {
		s.accept(drainAccepts)
	}
	s.draining = true
	s.drainUntil = s.now + s.options.Drain
	s.closeListener()
	for _, c := range s.connections {
		switch {
		case c == nil || c.state == ended:
		case c.parked:
			s.tell(c)
			s.answerLater(c, &stopping)
		case c.state == reading && c.fresh && c.parser.Stage() == http1.Idle:
			c.due = s.now + firstRequest
			s.timers.set(c)
		case c.state == reading && c.parser.Stage() == http1.Idle:
			s.end(c)
		}
	}
}

const (
	// drainAccepts bounds the last accept; a kernel's queue is no longer than this (net.core.somaxconn).
	drainAccepts = 4096

	// firstRequest is how long a drain waits for the first byte of a connection that has sent none: its
	// client has just connected, and its request may be on the way.
	firstRequest = 500 * time.Millisecond
)

var stopping = http1.Response{
	Status: 503,
	Type:   "text/plain",
	Header: []http1.Pair{{Name: "Retry-After", Value: "1"}},
	Body:   []byte("the server stops\n"),
	Close:  true,
}

// giveUp ends what a drain has waited for in vain.
func (s *Server) giveUp() {
	for _, c := range s.connections {
		if c != nil {
			s.leave(c)
		}
	}
}

// release closes all that Run still holds. After a drain these are the server's own descriptors only.
func (s *Server) release() {
	s.giveUp()
	s.bury()
	s.closeListener()
	s.poller.Set(int(s.wakeup), 0)
	s.stop.Lock()
	s.stopped = true
	s.stopper.Close()
	s.stop.Unlock()
	s.wakeup.Close()
	s.reserve.Close()
	s.poller.Close()
}
