package loop

import (
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// A state says what a connection waits for. On a thread it would be the line at which the thread stands.
//
//	    accept
//	      |
//	      v   a request that is answered at once (and the next one …)
//	+> reading ------------------------------------------------+
//	|     | ^                                                  |
//	|     v | Parked.Respond                                   |
//	|  waiting                                                 |
//	|     |                                                    v
//	+- writing <- the socket took only a part of an answer     the last answer is out
//	                                                           |                   |
//	  ended <---- end of file, time-out, bound ---- lingering <+ more may come     | all was read
//	    ^--------------------------------------------------------------------------+
type state uint8

const (
	reading   state = iota // until the next request has come whole
	waiting                // until the parked exchange is answered; what the client sends meanwhile is kept
	writing                // until the socket has taken the rest of the output; nothing is read meanwhile
	lingering              // until the client has read our last answer and closed
	ended                  // until the batch is over; then it is closed
)

// A connection is all that is kept for one client between two turns: see TestMemory for how much it is.
type connection struct {
	parser   http1.Parser
	output   []byte          // writing: what the socket had no room for
	answer   *http1.Response // given to the parked exchange, not delivered yet
	gone     func()          // whom to tell if the client leaves
	since    time.Duration   // when what the time-out counts began
	due      time.Duration   // when the time-out is over; 0: never
	framing  http1.Framing   // of the request in hand
	socket   int32           // a sock.NonBlocking
	timer    int32           // place among the timers; none: noTimer
	parkings uint32          // how many exchanges were parked
	surplus  int32           // lingering: bytes read and thrown away

	state   state
	then    state // writing: what comes after it
	fresh   bool  // no request has come yet
	parked  bool  // an exchange is parked: Parked.Respond will find it
	closing bool  // the answer that ends the connection is in the output
	unread  bool  // the client may have sent more than was read: linger before closing
	refusal bool  // it never was served: it is being told 503
}

// pendingLimit is how many bytes of further requests are kept while one is parked. It is the limit of one
// request's head; ten thousand clients that all reach it cost 160 MiB. A client that sends more is not
// waiting for an answer, and its connection ends.
const pendingLimit = 16 << 10

// receive reads, once: what is left is reported again, and others are ready too. A read that was shorter
// than the buffer has emptied the socket, so nothing is gained by asking until ErrAgain.
func (s *Server) receive(c *connection) {
	n, err := sock.NonBlocking(c.socket).Read(s.in)
	switch {
	case err == sock.ErrAgain:
		return
	case err != nil: // the end of the stream, a reset
		s.leave(c)
		return
	}
	c.unread = n == len(s.in)
	if c.state == waiting {
		if c.parser.Buffered()+n > pendingLimit {
			s.leave(c)
			return
		}
		c.parser.Feed(s.in[:n])
		c.parser.Keep()
		return
	}
	if !c.fresh && c.parser.Stage() == http1.Idle {
		c.since = s.now // a further request's first byte
	}
	c.parser.Feed(s.in[:n])
	s.proceed(c)
}

// proceed handles the requests that have arrived, one after the other, until one is not whole, or has to
// wait, or the socket takes no more answers. The answers to a batch of requests are one write.
func (s *Server) proceed(c *connection) {
	for c.state == reading && !c.closing {
		request, err := c.parser.Next()
		if err != nil {
			s.refuse(c, err.(*http1.Error)) // as Next promises
			break
		}
		if request == nil {
			s.invite(c)
			break
		}
		c.fresh = false
		c.framing = request.Framing()
		response := s.call(c, request)
		if c.parked || c.answer != nil {
			c.state = waiting
			break
		}
		s.respond(c, response)
		c.since = s.now // the next request's first byte may be here already
		if len(s.out) >= outputLimit {
			s.send(c)
		}
	}
	s.send(c)
	if c.state == waiting || c.state == writing {
		c.parser.Keep() // the next connection reads into the same buffer
	}
	s.settle(c)
}

// respond adds an answer to the output. One that is streamed would have to wait between its pieces.
func (s *Server) respond(c *connection, r *http1.Response) {
	f := c.framing
	if r.Stream != nil {
		s.options.Log.Error("a handler streams its answer: an event loop sends whole bodies only")
		r = &failed
	}
	f.Close = f.Close || r.Close || s.draining
	c.closing = f.Close
	s.out = http1.AppendResponse(s.out, f, r, s.date)
}

// refuse adds the answer to what is no request, after which nothing is understood any more.
func (s *Server) refuse(c *connection, err *http1.Error) {
	c.framing = http1.Framing{Minor: 1, Close: true}
	c.unread = true
	s.respond(c, err.Response())
}

// invite tells a client that asked before it sends its body to go on (RFC 9110 section 10.1.1). Should it
// come to that twice, because the socket took a part of the first, a client has to bear it (section 15.2).
func (s *Server) invite(c *connection) {
	if c.parser.Expects() {
		s.out = append(s.out, http1.Continue...)
	}
}

// send writes the output. If the socket does not take it all, the rest is the connection's own, and
// nothing more is read from the client until it has gone: a client that does not read its answers gets no
// new ones, and costs no more memory than a batch of them.
func (s *Server) send(c *connection) {
	if len(s.out) == 0 || c.state == ended {
		s.cleanOut()
		return
	}
	write := sock.NonBlocking.Write
	if c.closing {
		write = sock.NonBlocking.Finish // the end travels with the last answer
	}
	n, err := write(sock.NonBlocking(c.socket), s.out)
	if err != nil && err != sock.ErrAgain {
		s.leave(c)
	} else if n < len(s.out) {
		c.output = append(c.output, s.out[n:]...)
		c.then, c.state = c.state, writing
		c.since = s.now
		s.watch(c)
	}
	s.cleanOut()
}

func (s *Server) cleanOut() {
	s.out = s.out[:0]
	if cap(s.out) > largestKept {
		s.out = make([]byte, 0, outputLimit)
	}
}

// flush goes on with the output when the socket has room again.
func (s *Server) flush(c *connection) {
	n, err := sock.NonBlocking(c.socket).Write(c.output)
	switch {
	case err == sock.ErrAgain:
		return
	case err != nil:
		s.leave(c)
		return
	case n < len(c.output):
		c.output = c.output[n:]
		return
	}
	c.output = nil
	c.state = c.then
	c.since = s.now
	s.watch(c)
	if c.state == reading {
		s.proceed(c) // further requests may lie in the parser, and no event will tell of them
		return
	}
	s.settle(c)
}

// watch tells the poller what the state waits for. A connection in a state that reads stays registered as
// it is, which costs no system call.
func (s *Server) watch(c *connection) {
	want := poll.Read
	switch c.state {
	case writing:
		want = poll.Write
	case ended:
		want = 0
	}
	if err := s.poller.Set(int(c.socket), want); err != nil {
		s.complain("a connection could not be watched", err)
		s.leave(c)
	}
}

// settle is called after each step: it sees that a last answer is out, and sets the time-out.
func (s *Server) settle(c *connection) {
	if c.state == reading && c.closing {
		s.finish(c)
	}
	timeouts := &s.options.Timeouts
	var limit time.Duration
	switch c.state {
	case reading:
		switch stage := c.parser.Stage(); {
		case stage == http1.InBody:
			limit = timeouts.Request
		case stage == http1.InHead || c.fresh:
			limit = timeouts.Header
		default:
			c.since, limit = s.now, timeouts.Idle
		}
	case writing:
		limit = timeouts.Write
	case lingering:
		limit = lingerTime
	case ended:
		return
	}
	c.due = 0
	if limit != 0 {
		c.due = c.since + limit
	}
	s.timers.set(c)
}
