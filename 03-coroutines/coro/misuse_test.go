package coro_test

import (
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

func TestWaitingWithTheLockHeldFails(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		values := strand.NewChan[int](s, 0)
		w := s.NewWaiter()
		w.Wake() // even a wait that would not have to
		s.Lock()
		_, recv := values.Recv()
		for what, err := range map[string]error{
			"Sleep": s.Sleep(time.Hour), "Yield": s.Yield(), "Wait": w.Wait(time.Time{}), "Recv": recv, "Send": values.Send(1),
		} {
			if err != strand.ErrLocked {
				t.Errorf("%s with the lock held: %v", what, err)
			}
		}
		s.Unlock()
		if err := w.Wait(time.Time{}); err != nil {
			t.Errorf("the wake was lost: %v", err)
		}
	})
}

// Whoever is not a coroutine cannot be parked. The error says what to do, whichever wait it was.
func TestWaitingOutsideACoroutineFails(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	var c *coro.Conn
	var l *coro.Listener
	run(t, s, func() {
		var err error
		if l, err = s.Listen("127.0.0.1:0", coro.ListenOptions{}); err != nil {
			t.Error(err)
			return
		}
		if c, err = s.Dial(l.At().String(), time.Time{}); err != nil {
			t.Error(err)
		}
	})
	if c == nil {
		return
	}
	values := strand.NewChan[int](s, 0)
	_, dial := s.Dial("127.0.0.1:1", time.Time{})
	_, accept := l.Accept()
	_, accepts := l.Net().Accept()
	_, recv := c.Recv(time.Time{})
	_, read := c.Read(make([]byte, 1))
	_, write := c.Write([]byte("x"))
	_, value := values.Recv()
	_, selected := strand.Select(s, time.Time{}, values.Sending(1))
	for what, err := range map[string]error{
		"Sleep": s.Sleep(time.Hour), "Yield": s.Yield(), "Offload": s.Offload(func() {}),
		"Wait": s.NewWaiter().Wait(time.Time{}), "Chan.Recv": value, "Chan.Send": values.Send(1), "Select": selected,
		"Dial": dial, "Accept": accept, "net.Listener's Accept": accepts,
		"Conn.Recv": recv, "Conn.Send": c.Send([]byte("x"), time.Time{}), "Read": read, "Write": write,
	} {
		if err != coro.ErrOutside {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.Client() != nil {
		t.Error("outside a coroutine there is a client")
	}
	if text := coro.ErrOutside.Error(); !strings.Contains(text, "call it from a function given to Go or Run") {
		t.Errorf("%q does not say what to do", text)
	}
	run(t, s, func() { c.Close(); l.Close() })
}

func TestNothingWorksAfterClose(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		c.Close()
		_, recv := c.Recv(time.Time{})
		for what, err := range map[string]error{
			"Recv": recv, "Send": c.Send([]byte("x"), time.Time{}), "CloseWrite": c.CloseWrite(), "Close": c.Close(),
		} {
			if err != coro.ErrClosed {
				t.Errorf("%s: %v", what, err)
			}
		}
		l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		l.Close()
		if _, err := l.Accept(); err != coro.ErrClosed {
			t.Errorf("Accept: %v", err)
		}
		if err := l.Close(); err != coro.ErrClosed {
			t.Errorf("the listener's second Close: %v", err)
		}
	}, func(c *coro.Conn) { recvAll(c) })
}

func TestASecondReaderIsTurnedAway(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		s.Go("second", func() {
			if _, err := c.Recv(time.Time{}); err != coro.ErrBusy {
				t.Errorf("second reader: %v", err)
			}
			c.Close()
		})
		if _, err := c.Recv(time.Time{}); err != coro.ErrClosed {
			t.Errorf("first reader, when the connection was closed: %v", err)
		}
	}, func(c *coro.Conn) { recvAll(c) })
}
