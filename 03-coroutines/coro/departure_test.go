package coro_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// A client may leave while its handler waits for something else: every way of leaving ends that wait,
// on every poller, even behind a byte that nobody has read.
func TestAClientThatLeavesEndsItsHandlersWait(t *testing.T) {
	ways := map[string]func(*coro.Conn){
		"close":              func(c *coro.Conn) { c.Close() },
		"half-close":         func(c *coro.Conn) { c.CloseWrite() },
		"a byte, then close": func(c *coro.Conn) { c.Send([]byte("x"), time.Time{}); c.Close() },
		"a flood":            func(c *coro.Conn) { c.Send(bytes.Repeat([]byte("x"), 1<<20), time.Time{}) },
	}
	for way, leave := range ways {
		t.Run(way, func(t *testing.T) {
			on(t, func(t *testing.T, s *coro.Scheduler) {
				connected(t, s, func(c *coro.Conn) {
					c.Handle()
					never := strand.NewChan[int](s, 0)
					if _, err := never.Recv(); err != strand.ErrCanceled {
						t.Errorf("the handler's wait ended with %v", err)
					}
					if err := s.Sleep(time.Hour); err != strand.ErrCanceled {
						t.Errorf("a later wait ended with %v", err)
					}
					if err := c.Send([]byte("answer"), time.Time{}); err != coro.ErrLeft {
						t.Errorf("sending to nobody: %v", err)
					}
					for n := 0; ; { // what had come is still there, up to its bound, and then the end
						b, err := c.Recv(time.Time{})
						if n += len(b); err == io.EOF && n <= 16<<10 {
							break
						}
						if err != nil || n > 16<<10 {
							t.Errorf("reading what is left: %d bytes, %v", n, err)
							break
						}
					}
				}, leave)
			})
		})
	}
}

func TestBytesThatComeEarlyAreKept(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		news := strand.NewChan[string](s, 1)
		connected(t, s, func(c *coro.Conn) {
			c.Handle()
			s.Go("notifier", func() { s.Sleep(5 * time.Millisecond); news.Send("news") })
			if v, err := news.Recv(); v != "news" || err != nil {
				t.Errorf("%q, %v", v, err)
			}
			if b, err := c.Recv(s.Now().Add(5 * time.Second)); string(b) != "early" || err != nil {
				t.Errorf("the early bytes: %q, %v", b, err)
			}
			c.Send([]byte("answer"), time.Time{})
		}, func(c *coro.Conn) {
			c.Send([]byte("early"), time.Time{})
			if b, err := c.Recv(time.Time{}); string(b) != "answer" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
		})
	})
}

// A half-close before an answer that nobody has to wait for is not leaving: nc -N and health checkers
// send their request that way.
func TestAHalfCloseBeforeTheAnswerIsNotLeaving(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		large := bytes.Repeat([]byte("x"), 8<<20) // the answer has to wait for room, too
		connected(t, s, func(c *coro.Conn) {
			c.Handle()
			if all, err := recvAll(c); all != "request" || err != nil {
				t.Errorf("%q, %v", all, err)
			}
			if err := c.Send(large, time.Time{}); err != nil {
				t.Errorf("the answer: %v", err)
			}
		}, func(c *coro.Conn) {
			c.Send([]byte("request"), time.Time{})
			c.CloseWrite()
			if all, err := recvAll(c); len(all) != len(large) || err != nil {
				t.Errorf("%d bytes of %d, %v", len(all), len(large), err)
			}
		})
	})
}

// A client of something is no server's handler: the connection's end waits until it is read.
func TestAConnectionWithoutAHandlerEndsNoOtherWait(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		if err := s.Sleep(5 * time.Millisecond); err != nil {
			t.Errorf("a wait for something else: %v", err)
		}
		if _, err := c.Recv(time.Time{}); err != io.EOF {
			t.Errorf("Recv: %v", err)
		}
	}, func(c *coro.Conn) {})
}

func TestADrainCancelsOnlyWhoRests(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		c.Handle()
		s.Go("drain", s.CancelRecvs)
		if _, err := c.Recv(time.Time{}); !errors.Is(err, strand.ErrCanceled) {
			t.Errorf("Recv: %v", err)
		}
		if b, err := c.Recv(time.Time{}); string(b) != "late" || err != nil {
			t.Errorf("the next Recv: %q, %v", b, err)
		}
	}, func(c *coro.Conn) {
		s.Sleep(2 * time.Millisecond)
		c.Send([]byte("late"), time.Time{})
	})
}

// A request that has arrived, but was not seen yet when the drain began, is taken and not thrown away.
func TestADrainTakesWhatHasArrived(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		connected(t, s, func(c *coro.Conn) {
			c.Handle()
			if b, err := c.Recv(time.Time{}); string(b) != "request" || err != nil {
				t.Errorf("Recv: %q, %v; want what has arrived", b, err)
			}
		}, func(c *coro.Conn) {
			s.Sleep(2 * time.Millisecond) // until the other side waits
			c.Send([]byte("request"), time.Time{})
			c.CloseWrite()  // now it is written,
			s.CancelRecvs() // and nobody has asked the kernel yet
		})
	})
}
