package loop

import (
	"fmt"
	"runtime/debug"

	"example.com/c10k/01-blocking/http1"
)

// A Handler takes one request. Before it returns it calls Respond or Park, once; if it does neither the
// client gets 500. It must not wait: nobody is served meanwhile. The exchange and its request are lent
// until it returns.
type Handler func(x *Exchange)

// Inline makes a Handler of one that answers at once. It must be one that never waits: hello is, the comet
// of package app is not, and there is no way to see from here which is which. That is the wall of this
// stage.
func Inline(h http1.Handler) Handler {
	return func(x *Exchange) { x.Respond(h(x.Request)) }
}

// An Exchange is one request and the place for its answer. There is one for the whole loop: keep what
// Park returns, never the Exchange.
type Exchange struct {
	Request *http1.Request // lent

	connection *connection
	server     *Server
	response   *http1.Response
	settled    bool // Respond or Park was called
}

// Respond answers. The response is only read, and not any more after the handler has returned; nil is
// answered with 500.
func (x *Exchange) Respond(r *http1.Response) {
	x.settle()
	if r == nil {
		r = &failed
	}
	x.response = r
}

// Park puts the answer off, and gives what it can be given with later. Further requests of the same client
// wait behind it. If the client leaves first, gone is called, on the loop's goroutine, and Respond has no
// effect any more; a half-close counts as leaving, as it cannot be told from it. gone is called as well
// when the server stops, and then the client gets 503. nil is nobody to tell.
//
// A parked exchange has no time-out.
func (x *Exchange) Park(gone func()) Parked {
	x.settle()
	c := x.connection
	c.parked = true
	c.parkings++
	c.gone = gone
	return Parked{x.server, c, c.parkings}
}

func (x *Exchange) settle() {
	if x.settled {
		panic("loop: a handler called Respond or Park twice for one request")
	}
	x.settled = true
}

// Parked is an exchange whose answer was put off. It is a small value: copy and compare it freely.
type Parked struct {
	server     *Server
	connection *connection
	parking    uint32 // which one of the connection's; so a late answer never meets the next request
}

// Respond answers a parked exchange, from the loop's goroutine. It says whether there was still one: false
// if the client has left, or if this one was answered before. The response is read after the handler that
// is running has returned, so it must not be changed any more.
func (p Parked) Respond(r *http1.Response) bool {
	c := p.connection
	if !c.parked || c.parkings != p.parking {
		return false
	}
	c.parked = false
	c.gone = nil
	p.server.answerLater(c, r)
	return true
}

func (s *Server) answerLater(c *connection, r *http1.Response) {
	if r == nil {
		r = &failed
	}
	c.answer = r
	s.answered = append(s.answered, c)
}

// deliver writes what parked exchanges were answered. It is not done inside Respond, because answering one
// connection goes on with its next request, whose handler may answer others: the stack would grow with
// every one of them.
func (s *Server) deliver() {
	for n := 0; n < answersPerTurn && n < len(s.answered); n++ {
		c := s.answered[n]
		if c.answer == nil || c.state == ended {
			continue
		}
		response := c.answer
		c.answer = nil
		s.respond(c, response)
		if c.state == writing { // an earlier answer is not out yet: this one stands behind it
			c.output = append(c.output, s.out...)
			c.then = reading
			s.cleanOut()
			continue
		}
		c.state = reading
		c.since = s.now
		s.proceed(c)
	}
	rest := copy(s.answered, s.answered[min(answersPerTurn, len(s.answered)):])
	clear(s.answered[rest:])
	s.answered = s.answered[:rest]
}

// call runs the handler on a request. A panic costs its client an answer, and nobody else anything.
func (s *Server) call(c *connection, r *http1.Request) (response *http1.Response) {
	x := &s.exchange
	*x = Exchange{Request: r, connection: c, server: s}
	defer func() {
		if p := recover(); p != nil {
			s.options.Log.Error("a handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.parked, c.gone, c.answer = false, nil, nil // whoever holds the Parked answers nobody
			response = &failed
		}
	}()
	s.handler(x)
	if !x.settled {
		s.options.Log.Error("a handler returned without Respond or Park", "target", string(r.Target))
		return &failed
	}
	return x.response
}

// tell tells the application that the client of a parked exchange has left.
func (s *Server) tell(c *connection) {
	if !c.parked {
		return
	}
	gone := c.gone
	c.parked, c.gone = false, nil
	if gone == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.options.Log.Error("a callback panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	gone()
}

var failed = http1.Response{Status: 500, Type: "text/plain", Body: []byte("the handler failed\n"), Close: true}
