package loop_test

import (
	"errors"
	"testing"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
)

// Stop finishes what is in hand and nothing else.
func TestStopDrains(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		b := newBoard()
		s := start(t, poller, b.handle, loop.Options{})
		idle, busy, waiter := s.dial(t), s.dial(t), s.dial(t)
		idle.ask(t)
		busy.send(t, get("/busy")[:10])
		waiter.send(t, get("/park/me")+get("/behind"))
		arrive(t, "parking", b.parked)
		s.dial(t).ask(t) // so that what busy sent has been read too, or is in the socket

		s.Stop()
		idle.expectEnd(t)
		s.Stop() // once more changes nothing
		if answer := waiter.expect(t, 503, "the server stops\n"); !answer.Close {
			t.Error("the 503 does not say that the connection ends")
		}
		waiter.expectEnd(t)
		waiter.Close() // the server lingers for it, as it had sent more than was answered
		if path := arrive(t, "the news that the wait is over", b.left); path != "/park/me" {
			t.Errorf("%s left", path)
		}
		if listening(s.at) {
			t.Error("connections are still accepted")
		}
		busy.send(t, get("/busy")[10:])
		if answer := busy.expect(t, 200, "busy"); !answer.Close {
			t.Error("the last answer does not say that the connection ends")
		}
		busy.expectEnd(t)
		s.ended(t)
	})
}

// Whoever connected before the stop is served, also if nobody had accepted them yet.
func TestStopServesTheQueue(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		entered, leave := make(chan struct{}), make(chan struct{})
		handler := func(x *loop.Exchange) {
			if string(x.Request.Target) == "/hold" { // the whole loop, which is the wall of this stage
				close(entered)
				<-leave
			}
			echo(x)
		}
		s := start(t, poller, handler, loop.Options{})
		holder := s.dial(t)
		holder.send(t, get("/hold"))
		arrive(t, "the holding", entered)
		queued := make([]*client, 100)
		for i := range queued {
			queued[i] = s.dial(t)
			queued[i].send(t, get("/queued"))
		}
		s.Stop()
		close(leave)
		holder.expect(t, 200, "hold")
		for _, c := range queued {
			c.expect(t, 200, "queued")
			c.expectEnd(t)
		}
		s.ended(t)
	})
}

// A drain has an end, whatever the clients do, and a connection that never spoke has a shorter one.
func TestADrainHasAnEnd(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{Drain: short})
		half, silent := s.dial(t), s.dial(t)
		half.send(t, get("/half")[:10])
		s.dial(t).ask(t)
		s.Stop()
		s.ended(t)
		half.expectEnd(t)
		silent.expectEnd(t)
	})
}

func TestADrainDoesNotWaitLongForTheSilent(t *testing.T) {
	s := start(t, "", echo, loop.Options{Drain: time.Hour})
	silent := s.dial(t)
	s.dial(t).ask(t)
	s.Stop()
	silent.expectEnd(t)
	s.ended(t)
}

// A lingering client that never closes is closed all the same: here it is all that Run waits for.
func TestLingeringHasATime(t *testing.T) {
	s := start(t, "", echo, loop.Options{Drain: time.Hour})
	c := s.dial(t)
	c.send(t, "GET? / HTTP/1.1\r\n\r\n")
	c.expect(t, 400, "the method is not a token\n")
	c.expectEnd(t)
	s.Stop()
	s.ended(t)
}

// When the poller fails, Run says so and gives everything back.
func TestThePollerFails(t *testing.T) {
	before := descriptors(t)
	s := prepare(t, "", sock.Options{}, echo, loop.Options{})
	s.sets.fails = errors.New("out of order")
	if err := s.Run(); err != s.sets.fails {
		t.Errorf("Run: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before the server it were %d", after, before)
	}
}

// Stop may come before Run, twice, and after it.
func TestStopAtAnyTime(t *testing.T) {
	before := descriptors(t)
	s := prepare(t, "", sock.Options{}, echo, loop.Options{})
	for range 100_000 {
		s.Stop() // more often than the pair has room for
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before the server it were %d", after, before)
	}

	// The numbers that the server had are others' now. A late Stop must not write to them.
	for range 10 {
		a, b, err := sock.Pair()
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		defer b.Close()
		s.Stop()
		for _, end := range []sock.NonBlocking{a, b} {
			if n, err := end.Read(make([]byte, 1)); err != sock.ErrAgain {
				t.Fatalf("Stop wrote to somebody else's descriptor: got %d, %v", n, err)
			}
		}
	}
}
