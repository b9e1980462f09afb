package loop_test

import (
	"io"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/02-selectors/loop"
)

// timeouts makes one of them short, or fair if a case has something to do before it. The others never come.
func timeouts(which string) serve.Timeouts {
	var t serve.Timeouts
	switch which {
	case "header":
		t.Header = fair
	case "request":
		t.Request = fair
	case "write":
		t.Write = short
	case "idle":
		t.Idle = fair
	}
	return t
}

const post = "POST / HTTP/1.1\r\nHost: c10k\r\nContent-Length: 3\r\n\r\n"

func TestTimeouts(t *testing.T) {
	const late = "the request did not arrive in time\n"
	cases := []struct {
		name  string
		which string
		play  func(t *testing.T, c *client)
	}{
		{"nothing was sent: silence", "header", func(t *testing.T, c *client) {
			c.expectEnd(t)
		}},
		{"a part of a head: 408", "header", func(t *testing.T, c *client) {
			c.send(t, post[:20])
			c.expect(t, 408, late)
			c.expectEnd(t)
		}},
		{"a part of the second head: 408", "header", func(t *testing.T, c *client) {
			c.send(t, get("/1"))
			c.expect(t, 200, "1")
			c.send(t, post[:20])
			c.expect(t, 408, late)
			c.expectEnd(t)
		}},
		{"a part of a head behind a request: 408", "header", func(t *testing.T, c *client) {
			c.send(t, get("/1")+post[:20])
			c.expect(t, 200, "1")
			c.expect(t, 408, late)
			c.expectEnd(t)
		}},
		{"a part of a body: 408", "request", func(t *testing.T, c *client) {
			c.send(t, post+"ab")
			c.expect(t, 408, late)
			c.expectEnd(t)
		}},
		{"the answer is not read: cut off", "write", func(t *testing.T, c *client) {
			c.send(t, get("/large"))
			c.send(t, get("/never")) // unread by the server: its close becomes a reset
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}},
		{"nothing after an answer: silence", "idle", func(t *testing.T, c *client) {
			c.send(t, get("/1"))
			c.expect(t, 200, "1")
			c.expectEnd(t)
		}},
	}
	large := http1.Response{Body: make([]byte, 16<<20)}
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/large" {
			x.Respond(&large)
			return
		}
		echo(x)
	}
	onEveryPoller(t, func(t *testing.T, poller string) {
		servers := make(map[string]*serving)
		for _, which := range []string{"header", "request", "write", "idle"} {
			servers[which] = start(t, poller, handler, loop.Options{Timeouts: timeouts(which)})
			if len(servers) > 1 {
				servers[which].before = uncounted // the first ends last, and counts for all
			}
		}
		for _, test := range cases {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.play(t, servers[test.which].dial(t))
			})
		}
	})
}

// The idle time-out is far away when a further request's first byte brings the header's nearer.
func TestANearerTimeoutIsNotMissed(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{Timeouts: serve.Timeouts{Header: fair, Idle: time.Hour}})
		c := s.dial(t)
		c.ask(t)
		s.dial(t).expectEnd(t) // after this c's first header time-out, too, lies behind
		c.send(t, get("/")[:5])
		c.expect(t, 408, "the request did not arrive in time\n")
	})
}

// Each head has a time of its own, from its first byte: neither the idle time before it counts, nor the
// time that the request before it took.
func TestEachHeadHasItsOwnTime(t *testing.T) {
	s := start(t, "", echo, loop.Options{Timeouts: serve.Timeouts{Header: fair}})
	idle, slow, other := s.dial(t), s.dial(t), s.dial(t)
	idle.ask(t)
	other.ask(t)
	slow.send(t, post)
	s.dial(t).expectEnd(t)

	idle.send(t, get("/idle")[:9])
	slow.send(t, "abc"+get("/next")[:9])
	slow.expect(t, 200, "")
	other.ask(t)
	idle.send(t, get("/idle")[9:])
	idle.expect(t, 200, "idle")
	slow.send(t, get("/next")[9:])
	slow.expect(t, 200, "next")
}

// A time-out counts from an event to an event: a byte now and then does not put it off. The client sends
// as long as the server lets it.
func TestATimeoutIsNotPutOffByAByte(t *testing.T) {
	for _, which := range []string{"header", "request"} {
		t.Run(which, func(t *testing.T) {
			s := start(t, "", echo, loop.Options{Timeouts: timeouts(which)})
			c := s.dial(t)
			other := s.dial(t) // its answers pace the bytes
			begin := "POST / HTTP/1.1\r\nHost: c10k\r\nContent-Length: 1000000\r\n"
			if which == "request" {
				begin += "\r\n"
			} else {
				begin += "X: "
			}
			c.send(t, begin)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				c.answers.Peek(1)
			}()
			for sent := 0; ; sent++ {
				select {
				case <-answered:
					c.expect(t, 408, "the request did not arrive in time\n")
					return
				default:
				}
				if sent%100 == 0 && sent < 10_000 { // fewer than any limit
					c.send(t, "x")
				}
				other.ask(t)
			}
		})
	}
}

// ask makes one request.
func (c *client) ask(t *testing.T) {
	t.Helper()
	c.send(t, get("/x"))
	c.expect(t, 200, "x")
}

// 0 is never: when a later connection has run into its idle time-out, one that is in the middle of its
// head is still welcome.
func TestZeroIsNever(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{Timeouts: timeouts("idle")})
		c := s.dial(t)
		c.send(t, get("/patient")[:10])
		idle := s.dial(t)
		idle.ask(t)
		idle.expectEnd(t)
		c.send(t, get("/patient")[10:])
		c.expect(t, 200, "patient")
	})
}

// A parked exchange has no time-out, whatever ran before it was parked.
func TestAParkedExchangeHasNoTimeout(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		b := newBoard()
		s := start(t, poller, b.handle, loop.Options{Timeouts: serve.Timeouts{Header: fair, Request: fair, Write: fair, Idle: fair}})
		waiter := s.dial(t)
		waiter.ask(t)
		waiter.send(t, get("/park")+get("/next")[:5])
		arrive(t, "parking", b.parked)
		idle := s.dial(t) // begun later, and over before: so the waiter's would be over too
		idle.ask(t)
		idle.expectEnd(t)
		other := s.dial(t)
		other.send(t, get("/answer/still+here"))
		other.expect(t, 200, "delivered")
		waiter.expect(t, 200, "still+here")
		waiter.expect(t, 408, "the request did not arrive in time\n")
	})
}

// Requests put the idle time-out off: a connection that goes on asking outlives one that does not.
func TestRequestsPutTheIdleTimeoutOff(t *testing.T) {
	s := start(t, "", echo, loop.Options{Timeouts: serve.Timeouts{Idle: fair}})
	busy, idle := s.dial(t), s.dial(t)
	busy.ask(t)
	idle.ask(t)
	over := make(chan error, 1)
	go func() {
		_, err := idle.answers.ReadByte()
		over <- err
	}()
	for {
		busy.ask(t)
		select {
		case err := <-over:
			if err != io.EOF {
				t.Errorf("the idle connection ended with %v", err)
			}
			busy.ask(t)
			return
		default:
		}
	}
}
