package sim_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

// connected runs both sides of one connection on one scheduler.
func connected(t *testing.T, o sim.Options, lo coro.ListenOptions, server, client func(s *coro.Scheduler, c *coro.Conn)) {
	t.Helper()
	calm(t, o, func(_ *sim.World, s *coro.Scheduler) {
		l, err := s.Listen("10.0.0.1:0", lo)
		if err != nil {
			t.Error(err)
			return
		}
		s.Go("client", func() {
			c, err := s.Dial(l.At().String(), time.Time{})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			client(s, c)
		})
		c, err := l.Accept()
		l.Close()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		server(s, c)
	})
}

func receiveAll(c *coro.Conn) (string, error) {
	var all []byte
	for {
		b, err := c.Recv(time.Time{})
		all = append(all, b...)
		if err == io.EOF {
			return string(all), nil
		}
		if err != nil {
			return string(all), err
		}
	}
}

// Every byte arrives once and in order, whatever the network does short of breaking, in both directions
// at once, and the end comes after the last of them.
func TestBytesArriveWhateverHappens(t *testing.T) {
	seeds(t, func(w *sim.World, _ sim.Faults) func() error {
		there := strings.Repeat("0123456789", 1+w.Random.IntN(300))
		var atServer, atClient string
		exchange := func(s *coro.Scheduler, c *coro.Conn, out string, in *string) {
			s.Go("sender", func() {
				for b := []byte(out); len(b) > 0; {
					n := min(len(b), 1+w.Random.IntN(1000))
					if c.Send(b[:n], time.Time{}) != nil {
						return
					}
					b = b[n:]
					s.Yield()
				}
				c.CloseWrite()
			})
			*in, _ = receiveAll(c)
			s.Sleep(time.Second) // until the sender is through
		}
		process(w, "both", func(s *coro.Scheduler) {
			l, err := s.Listen("10.0.0.1:80", coro.ListenOptions{Backlog: 1, DeferAccept: w.Random.IntN(2) == 0})
			if err != nil {
				return
			}
			s.Go("client", func() {
				c := dial(s, "10.0.0.1:80")
				defer c.Close()
				exchange(s, c, there, &atClient)
			})
			c, err := l.Accept()
			for err == coro.ErrNoDescriptors {
				c, err = l.Accept()
			}
			l.Close()
			if err == nil {
				defer c.Close()
				exchange(s, c, there, &atServer)
			}
		})
		return func() error { return differ(there, atServer, atClient) }
	}, harmless)
}

func TestAListenersQueueHasABound(t *testing.T) {
	calm(t, sim.Options{Seed: 1}, func(_ *sim.World, s *coro.Scheduler) {
		l, err := s.Listen("10.0.0.1:80", coro.ListenOptions{Backlog: 2})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		start := s.Now()
		for range 2 {
			c, err := s.Dial("10.0.0.1:80", time.Time{})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
		}
		if _, err := s.Dial("10.0.0.1:80", time.Time{}); err != sim.ErrUnreachable {
			t.Errorf("the third: %v", err)
		}
		if took := s.Now().Sub(start); took < 31*time.Second {
			t.Errorf("the third gave up after %v; Linux tries again after 1, 2, 4, 8 and 16 seconds", took)
		}
	})
}

// With DeferAccept a connection is accepted with its first bytes; without, at once.
func TestDeferAcceptWaitsForBytes(t *testing.T) {
	for _, deferred := range []bool{false, true} {
		var accepted, sent time.Time
		connected(t, sim.Options{Seed: 1}, coro.ListenOptions{Backlog: 1, DeferAccept: deferred},
			func(s *coro.Scheduler, c *coro.Conn) { accepted = s.Now(); receiveAll(c) },
			func(s *coro.Scheduler, c *coro.Conn) {
				s.Sleep(500 * time.Millisecond)
				sent = s.Now()
				c.Send([]byte("x"), time.Time{})
			})
		if late := accepted.After(sent); late != deferred {
			t.Errorf("DeferAccept %v: accepted after the first byte was sent: %v", deferred, late)
		}
	}
}

// Who closes with unread bytes resets the connection, and the other side learns it once; then the stream
// is at its end.
func TestCloseWithUnreadBytesIsAReset(t *testing.T) {
	connected(t, sim.Options{Seed: 1}, coro.ListenOptions{Backlog: 1},
		func(s *coro.Scheduler, c *coro.Conn) { s.Sleep(time.Second) }, // and closes
		func(s *coro.Scheduler, c *coro.Conn) {
			c.Send([]byte("unread"), time.Time{})
			if _, err := c.Recv(time.Time{}); err != sim.ErrReset {
				t.Errorf("Recv: %v", err)
			}
			if _, err := c.Recv(time.Time{}); err != io.EOF {
				t.Errorf("the second Recv: %v", err)
			}
			c.Send([]byte("x"), time.Time{})
			s.Yield() // now it is written
			if err := c.Send([]byte("x"), time.Time{}); err != sim.ErrBrokenPipe {
				t.Errorf("Send: %v", err)
			}
		})
}

func TestAWriterWaitsForRoom(t *testing.T) {
	large := bytes.Repeat([]byte("x"), 1000)
	connected(t, sim.Options{Seed: 1, Window: 100}, coro.ListenOptions{Backlog: 1},
		func(s *coro.Scheduler, c *coro.Conn) {
			s.Sleep(time.Hour)
			if all, err := receiveAll(c); len(all) != len(large) || err != nil {
				t.Errorf("%d bytes, %v", len(all), err)
			}
		},
		func(s *coro.Scheduler, c *coro.Conn) {
			start := s.Now()
			if err := c.Send(large, time.Time{}); err != nil {
				t.Error(err)
			}
			s.Yield()
			if took := s.Now().Sub(start); took < 59*time.Minute {
				t.Errorf("1,000 bytes went into a connection that holds 100, in %v, though nobody read", took)
			}
		})
}
