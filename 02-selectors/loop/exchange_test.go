package loop_test

import (
	"strings"
	"testing"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/02-selectors/loop"
)

func text(s string) *http1.Response { return &http1.Response{Type: "text/plain", Body: []byte(s)} }

// board is an application for tests: /park waits, /answer/TEXT answers the oldest that waits with TEXT,
// and tells whether it was still there; /left waits too, and its departure is sent to left.
type board struct {
	waiting []loop.Parked
	parked  chan struct{}
	left    chan string
}

func newBoard() *board {
	return &board{parked: make(chan struct{}, 100), left: make(chan string, 100)}
}

func (b *board) handle(x *loop.Exchange) {
	path := string(x.Request.Path())
	if answer, ok := strings.CutPrefix(path, "/answer/"); ok {
		oldest := b.waiting[0]
		b.waiting = b.waiting[1:]
		if oldest.Respond(text(answer)) {
			x.Respond(text("delivered"))
		} else {
			x.Respond(text("gone"))
		}
		return
	}
	if !strings.HasPrefix(path, "/park") {
		echo(x)
		return
	}
	b.waiting = append(b.waiting, x.Park(func() { b.left <- path }))
	b.parked <- struct{}{}
}

func TestAParkedExchangeIsAnsweredByAnother(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		b := newBoard()
		s := start(t, poller, b.handle, loop.Options{})
		waiter, other := s.dial(t), s.dial(t)
		for _, answer := range []string{"one", "two"} {
			waiter.send(t, get("/park"))
			arrive(t, "parking", b.parked)
			other.send(t, get("/answer/"+answer))
			other.expect(t, 200, "delivered")
			waiter.expect(t, 200, answer)
		}
	})
}

// What a client sends while its exchange is parked stands in line, a part of a request too, and is
// answered afterwards.
func TestRequestsBehindAParkedOneWaitTheirTurn(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		b := newBoard()
		s := start(t, poller, b.handle, loop.Options{})
		waiter, other := s.dial(t), s.dial(t)
		waiter.send(t, get("/first")+get("/park/1")+get("/second")+get("/park/2")+get("/third")[:7])
		waiter.expect(t, 200, "first")
		arrive(t, "parking", b.parked)
		waiter.send(t, get("/third")[7:])
		other.send(t, get("/answer/A"))
		other.expect(t, 200, "delivered")
		waiter.expect(t, 200, "A")
		waiter.expect(t, 200, "second")
		arrive(t, "the second parking", b.parked)
		other.send(t, get("/answer/B"))
		other.expect(t, 200, "delivered")
		waiter.expect(t, 200, "B")
		waiter.expect(t, 200, "third")
	})
}

// A client that reads nothing has answers before and behind each of its waits. Sooner or later the socket
// is full while it waits, and the answer to the wait has to stand behind what is not out yet. Then it
// reads, and everything is there, in order.
func TestAnAnswerBehindAnUnreadOne(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		b := newBoard()
		const rounds = 200
		b.parked = make(chan struct{}, 2*rounds)
		large := strings.Repeat("0123456789abcdef", 60<<10/16) // less than what is collected for one write
		handler := func(x *loop.Exchange) {
			switch {
			case string(x.Request.Target) == "/large":
				x.Respond(text(large))
			case len(b.waiting) == 0 && strings.HasPrefix(string(x.Request.Target), "/answer/"):
				x.Respond(text("nobody"))
			default:
				b.handle(x)
			}
		}
		s := start(t, poller, handler, loop.Options{})
		other := s.dial(t)
		answer := func(want int) (given int) {
			for nobody := 0; nobody < 100 && given < want; {
				other.send(t, get("/answer/it"))
				if other.body(t) == "nobody" {
					nobody++
				} else {
					nobody = 0
					given++
				}
			}
			return given
		}
		play := func(unread int) int {
			waiter := s.dial(t)
			go waiter.Write([]byte(strings.Repeat(get("/large")+get("/park"), rounds)))
			unread = answer(unread)
			for i := range rounds {
				waiter.expect(t, 200, large)
				if i >= unread {
					answer(1)
				}
				waiter.expect(t, 200, "it")
			}
			waiter.Close()
			return unread
		}
		room := play(rounds) // until nobody waits any more, because no more requests are read
		play(room - 1)       // and with the last wait unanswered until its client reads
	})
}

// An answer given twice, or to an exchange that is over, never meets the next request.
func TestALateAnswerMeetsNobody(t *testing.T) {
	var first, second loop.Parked
	parked := make(chan struct{}, 2)
	handler := func(x *loop.Exchange) {
		switch string(x.Request.Target) {
		case "/first":
			first = x.Park(nil)
			parked <- struct{}{}
		case "/second":
			second = x.Park(nil)
			parked <- struct{}{}
		case "/answer":
			if !first.Respond(text("1")) || first.Respond(text("again")) {
				t.Error("an exchange takes one answer, and only one")
			}
			x.Respond(text("ok"))
		case "/late":
			if first.Respond(text("late")) {
				t.Error("the first exchange took an answer while the second is parked")
			}
			if !second.Respond(text("2")) {
				t.Error("the second exchange took no answer")
			}
			x.Respond(text("ok"))
		}
	}
	s := start(t, "", handler, loop.Options{})
	waiter, other := s.dial(t), s.dial(t)
	waiter.send(t, get("/first"))
	arrive(t, "parking", parked)
	other.send(t, get("/answer"))
	other.expect(t, 200, "ok")
	waiter.expect(t, 200, "1")
	waiter.send(t, get("/second"))
	arrive(t, "parking", parked)
	other.send(t, get("/late"))
	other.expect(t, 200, "ok")
	waiter.expect(t, 200, "2")
}

// A handler that does wrong costs its client the connection, and nobody else anything.
func TestHandlersThatFail(t *testing.T) {
	var kept loop.Parked
	faults := []struct {
		name    string
		handler loop.Handler
		logged  string
	}{
		{"panics", func(*loop.Exchange) { panic("oh no") }, "oh no"},
		{"panics with a stack", func(*loop.Exchange) { panic("oh no") }, "TestHandlersThatFail"},
		{"answers nil", func(x *loop.Exchange) { x.Respond(nil) }, ""},
		{"streams", func(x *loop.Exchange) {
			x.Respond(&http1.Response{Stream: func(http1.Sender) error { return nil }})
		}, "whole bodies only"},
		{"forgets to answer", func(*loop.Exchange) {}, "without Respond or Park"},
		{"answers twice", func(x *loop.Exchange) { echo(x); echo(x) }, "twice"},
		{"parks and answers", func(x *loop.Exchange) { x.Park(nil); echo(x) }, "twice"},
		{"parks and panics", func(x *loop.Exchange) { kept = x.Park(nil); panic("oh no") }, "oh no"},
		{"parks, answers and panics", func(x *loop.Exchange) {
			kept = x.Park(nil)
			kept.Respond(text("x"))
			panic("oh no")
		}, "oh no"},
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			kept = loop.Parked{}
			handler := func(x *loop.Exchange) {
				switch string(x.Request.Target) {
				case "/fault":
					fault.handler(x)
				case "/kept":
					if (kept != loop.Parked{}) && kept.Respond(text("x")) {
						t.Error("an exchange that ended with 500 took an answer")
					}
					fallthrough
				default:
					echo(x)
				}
			}
			s := start(t, "", handler, loop.Options{})
			other := s.dial(t)
			other.send(t, get("/before"))
			other.expect(t, 200, "before")
			c := s.dial(t)
			c.send(t, get("/fault"))
			c.expect(t, 500, "the handler failed\n")
			c.expectEnd(t)
			other.send(t, get("/kept"))
			other.expect(t, 200, "kept")
			if !s.log.has(fault.logged) {
				t.Errorf("%q is not in the log", fault.logged)
			}
		})
	}
}

// Answers are delivered in portions, and all of them.
func TestManyAreAnsweredByOne(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		waiters := 700
		if poller == "select" {
			waiters = 400 // both ends are in this process, and 1024 is the end of its sets
		}
		var waiting []loop.Parked
		parked := make(chan struct{}, waiters)
		handler := func(x *loop.Exchange) {
			if string(x.Request.Target) == "/park" {
				waiting = append(waiting, x.Park(nil))
				parked <- struct{}{}
				return
			}
			for _, p := range waiting {
				p.Respond(text("all"))
			}
			echo(x)
		}
		s := start(t, poller, handler, loop.Options{})
		clients := make([]*client, waiters)
		for i := range clients {
			clients[i] = s.dial(t)
			clients[i].send(t, get("/park"))
		}
		for range clients {
			arrive(t, "parking", parked)
		}
		c := s.dial(t)
		c.send(t, get("/notify"))
		c.expect(t, 200, "notify")
		for _, c := range clients {
			c.expect(t, 200, "all")
		}
	})
}
