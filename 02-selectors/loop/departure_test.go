package loop_test

import (
	"testing"

	"example.com/c10k/02-selectors/loop"
)

// The news that a client left comes on every poller and in every way to leave, once, and the answer that
// comes too late meets nobody.
func TestDeparture(t *testing.T) {
	ways := []struct {
		name  string
		leave func(*client)
	}{
		{"close", func(c *client) { c.Close() }},
		{"half-close", func(c *client) { c.CloseWrite() }},
		{"reset", func(c *client) { c.reset() }},
		{"close behind a byte", func(c *client) { c.Write([]byte("G")); c.Close() }},
		{"close behind a request", func(c *client) { c.Write([]byte(get("/next"))); c.Close() }},
		{"more than is kept", func(c *client) { c.Write(make([]byte, 32<<10)) }},
	}
	onEveryPoller(t, func(t *testing.T, poller string) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				b := newBoard()
				s := start(t, poller, b.handle, loop.Options{})
				waiter, other := s.dial(t), s.dial(t)
				waiter.send(t, get("/park/me"))
				arrive(t, "parking", b.parked)
				way.leave(waiter)
				if path := arrive(t, "the news that the client left", b.left); path != "/park/me" {
					t.Errorf("%s left", path)
				}
				other.send(t, get("/answer/late"))
				other.expect(t, 200, "gone")
				s.Stop()
				s.ended(t)
				if len(b.left) > 0 {
					t.Error("the client left twice")
				}
			})
		}
	})
}

// Nobody has to be told.
func TestADepartureThatNobodyIsToldOf(t *testing.T) {
	var parked loop.Parked
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/park" {
			parked = x.Park(nil)
			return
		}
		if parked.Respond(nil) {
			t.Error("a client that left took an answer")
		}
		echo(x)
	}
	s := start(t, "", handler, loop.Options{})
	waiter := s.dial(t)
	waiter.send(t, get("/park"))
	waiter.CloseWrite()
	waiter.expectEnd(t)
	other := s.dial(t)
	other.send(t, get("/late"))
	other.expect(t, 200, "late")
}

// A callback that panics, too.
func TestACallbackThatPanics(t *testing.T) {
	parked := make(chan struct{}, 1)
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/park" {
			x.Park(func() { panic("oh no") })
			parked <- struct{}{}
			return
		}
		echo(x)
	}
	s := start(t, "", handler, loop.Options{})
	waiter := s.dial(t)
	waiter.send(t, get("/park"))
	arrive(t, "parking", parked)
	waiter.CloseWrite()
	waiter.expectEnd(t)
	c := s.dial(t)
	c.send(t, get("/alive"))
	c.expect(t, 200, "alive")
	if !s.log.has("oh no") {
		t.Error("the panic is not in the log")
	}
}
