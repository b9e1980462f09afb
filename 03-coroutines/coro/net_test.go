package coro_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

func TestAConnectionIsANetConn(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		large := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB: more than sockets hold
		connected(t, s, func(c *coro.Conn) {
			c.Send([]byte("first,"), time.Time{}) // and Write must not overtake it
			if n, err := c.Write(large); n != len(large) || err != nil {
				t.Errorf("Write: %d of %d bytes, %v", n, len(large), err)
			}
			c.CloseWrite()
			if back, err := io.ReadAll(c); string(back) != "thanks" || err != nil {
				t.Errorf("%q, %v", back, err)
			}
		}, func(c *coro.Conn) {
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, append([]byte("first,"), large...)) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			c.Write([]byte("thanks"))
		})
	})
}

func TestTheTwoEndsOfAConnectionKnowTheirAddresses(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	ends := map[string]string{}
	note := func(c *coro.Conn) {
		ends[c.LocalAddr().String()] = c.RemoteAddr().String()
		c.CloseWrite()
		io.ReadAll(c) // so that neither end is gone before the other has looked
		c.Close()
		if at := c.RemoteAddr().String(); at != "0.0.0.0:0" {
			t.Errorf("after Close the other end is %s", at)
		}
	}
	connected(t, s, note, note)
	for local, remote := range ends {
		if len(ends) != 2 || ends[remote] != local || remote == local {
			t.Errorf("the ends are %v", ends)
		}
	}
}

func TestAReadEndsAtItsDeadline(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		news, written := strand.NewChan[int](s, 0), strand.NewChan[int](s, 0)
		connected(t, s, func(c *coro.Conn) {
			p := make([]byte, 4)
			c.SetReadDeadline(s.Now().Add(2 * time.Millisecond))
			if _, err := c.Read(p); err != os.ErrDeadlineExceeded {
				t.Errorf("a wait till the deadline: %v", err)
			}
			news.Send(1)
			written.Recv()
			if _, err := c.Read(p); err != os.ErrDeadlineExceeded {
				t.Errorf("the deadline is over, though bytes have come: %v", err)
			}
			c.SetReadDeadline(time.Time{})
			if n, err := c.Read(p); string(p[:n]) != "late" || err != nil {
				t.Errorf("without a deadline: %q, %v", p[:n], err)
			}
		}, func(c *coro.Conn) { news.Recv(); c.Write([]byte("late")); written.Send(1) })
	})
}

// net/http ends a Read in this way.
func TestADeadlineCountsForTheReadUnderWay(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		reading, ended := s.NewWaiter(), s.NewWaiter()
		s.Go("reader", func() {
			reading.Wake()
			if _, err := c.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
				t.Errorf("Read: %v", err)
			}
			ended.Wake()
		})
		reading.Wait(time.Time{})
		c.SetDeadline(s.Now().Add(-time.Hour))
		if err := ended.Wait(s.Now().Add(5 * time.Second)); err != nil {
			t.Errorf("the Read under way did not end: %v", err)
			c.Close()
		}
	}, func(c *coro.Conn) { io.ReadAll(c) })
}

// The kernel takes what its buffers hold; how much that is, is what Write returns.
func TestAWriteEndsAtItsDeadline(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		wrote := strand.NewChan[int](s, 1)
		connected(t, s, func(c *coro.Conn) {
			c.SetWriteDeadline(s.Now().Add(5 * time.Millisecond))
			n, err := c.Write(make([]byte, 64<<20))
			if err != os.ErrDeadlineExceeded || n == 0 || n == 64<<20 {
				t.Errorf("Write: %d bytes, %v", n, err)
			}
			wrote.Send(n)
		}, func(c *coro.Conn) {
			n, _ := wrote.Recv()
			if got, err := io.ReadAll(c); len(got) != n || err != nil {
				t.Errorf("%d bytes arrived of %d, %v", len(got), n, err)
			}
		})
	})
}

func TestNothingIsReadOrWrittenAfterClose(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		closer := func() { c.Close() }
		s.Go("closer", closer)
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the Read under way: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: %v", err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if err := c.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline: %v", err)
		}
	}, func(c *coro.Conn) { io.ReadAll(c) })
}

// Two coroutines that send at the same time would mix their bytes when the socket is full.
func TestASecondWriterIsTurnedAway(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	large := bytes.Repeat([]byte("a"), 16<<20)
	tried := s.NewWaiter()
	connected(t, s, func(c *coro.Conn) {
		s.Go("second", func() {
			if err := c.Send([]byte("b"), time.Time{}); err != coro.ErrBusy {
				t.Errorf("Send: %v", err)
			}
			if _, err := c.Write([]byte("b")); err != coro.ErrBusy {
				t.Errorf("Write: %v", err)
			}
			tried.Wake()
		})
		if err := c.Send(large, time.Time{}); err != nil {
			t.Error(err)
		}
	}, func(c *coro.Conn) {
		tried.Wait(s.Now().Add(5 * time.Second))
		if got, err := io.ReadAll(c); !bytes.Equal(got, large) || err != nil {
			t.Errorf("%d bytes of %d, %v", len(got), len(large), err)
		}
	})
}

func TestAListenerIsANetListenerToo(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		own, err := s.Listen("127.0.0.1:0", coro.ListenOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		l := own.Net()
		s.Go("client", func() {
			c, err := s.Dial(l.Addr().String(), s.Now().Add(5*time.Second))
			if err != nil {
				t.Error(err)
				return
			}
			c.Write([]byte("hello"))
			c.Close()
		})
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		if got, err := io.ReadAll(c); string(got) != "hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.Close()
		l.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}
