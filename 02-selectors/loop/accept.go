package loop

import (
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

const (
	// mostRefused connections above the limit are served a 503 with all care, that is, they linger until
	// the client has read it. Any more are written to and closed at once.
	mostRefused = 32

	// acceptPause is how long the listener is left alone when accept fails and nothing can be done about
	// it. The connection stays in the queue, so to ask again at once would be a spin.
	acceptPause = 100 * time.Millisecond
)

// accept takes new connections, at most so many.
func (s *Server) accept(most int) {
	for range most {
		socket, err := s.listener.Accept()
		switch err {
		case nil:
			s.admit(socket)
			continue
		case sock.ErrAgain:
			return
		case sock.ErrAborted:
			continue
		case sock.ErrNoDescriptors:
			switch s.reserve.Refuse(s.listener) {
			case nil:
				s.complain("a connection was refused", err)
				continue
			case sock.ErrAgain: // the kernel looks for a descriptor before it looks into the queue
				return
			}
			s.complain("connections cannot even be refused", err)
		default:
			s.complain("accept failed", err)
		}
		s.pause()
		return
	}
}

// admit makes a state machine for a new connection.
func (s *Server) admit(socket sock.NonBlocking) {
	c := &connection{
		parser: http1.NewParser(&s.request, s.options.Limits),
		socket: int32(socket),
		timer:  noTimer,
		since:  s.now,
		fresh:  true,
	}
	for int(socket) >= len(s.connections) {
		s.connections = append(s.connections, nil)
	}
	s.connections[socket] = c
	s.open++
	if s.open-s.refused > s.options.Most {
		s.turnAway(c)
		return
	}
	if s.options.Deferred {
		s.receive(c) // the request came with the connection; many end here, unseen by the poller
	}
	if c.state != ended {
		s.watch(c)
		s.settle(c)
	}
}

// turnAway tells a client that there is no place for it.
func (s *Server) turnAway(c *connection) {
	c.refusal = true
	s.refused++
	c.framing = http1.Framing{Minor: 1, Close: true}
	c.unread = s.refused <= mostRefused
	s.respond(c, &serve.Full)
	s.watch(c)
	s.send(c)
	s.settle(c)
}

// pause stops wanting the listener; resume begins again.
func (s *Server) pause() {
	s.resumeAt = s.now + acceptPause
	s.poller.Set(int(s.listener), 0)
}

func (s *Server) resume() {
	s.resumeAt = 0
	if err := s.poller.Set(int(s.listener), poll.Read); err != nil {
		s.complain("the listener could not be watched", err)
		s.resumeAt = s.now + acceptPause
	}
}

func (s *Server) closeListener() {
	if s.listener < 0 {
		return
	}
	s.resumeAt = 0
	s.poller.Set(int(s.listener), 0)
	s.listener.Close()
	s.listener = -1
}

// complain logs trouble that comes in thousands, once a second.
func (s *Server) complain(what string, err error) {
	if s.now < s.complainAt {
		return
	}
	s.complainAt = s.now + time.Second
	s.options.Log.Warn(what, "error", err)
}
