package coro_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// on runs a test on a scheduler of this machine, once for each poller, with lent bytes overwritten at
// every switch.
func on(t *testing.T, test func(t *testing.T, s *coro.Scheduler)) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) { test(t, newScheduler(t, name)) })
	}
}

func newScheduler(t *testing.T, poller string) *coro.Scheduler {
	t.Helper()
	p, err := poll.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	return scheduler(t, p, coro.Options{Poison: true})
}

func scheduler(t *testing.T, p poll.Poller, o coro.Options) *coro.Scheduler {
	t.Helper()
	k, err := system.New(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.End)
	return coro.New(k, o)
}

// run runs main and expects that all ends well.
func run(t *testing.T, s *coro.Scheduler, main func()) {
	t.Helper()
	if err := s.Run(main); err != nil {
		t.Error(err)
	}
}

func TestCoroutinesTakeTurns(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		var order []string
		run(t, s, func() {
			for _, name := range []string{"a", "b", "c"} {
				s.Go(name, func() {
					for range 2 {
						order = append(order, name)
						s.Yield()
					}
				})
			}
		})
		if d := cmp.Diff("a b c a b c", strings.Join(order, " ")); d != "" {
			t.Error("order of turns (-want +got):", d)
		}
	})
}

func TestSleepersWakeInOrderOfTheirTimes(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		var order []time.Duration
		start := time.Now()
		run(t, s, func() {
			for _, d := range []time.Duration{3, 1, 2} {
				s.Go("sleeper", func() {
					if err := s.Sleep(d * time.Millisecond); err != nil {
						t.Error(err)
					}
					order = append(order, d)
				})
			}
		})
		if d := cmp.Diff([]time.Duration{1, 2, 3}, order); d != "" {
			t.Error("(-want +got):", d)
		}
		if took := time.Since(start); took < 3*time.Millisecond {
			t.Errorf("three milliseconds took %v", took)
		}
	})
}

// A deadline that moves leaves its old entry among the timers; the old time must not end the new wait.
func TestALaterDeadlineIsTheOneThatCounts(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		run(t, s, func() {
			news := strand.NewChan[int](s, 0)
			s.Go("sender", func() { s.Sleep(4 * time.Millisecond); news.Send(1); s.Sleep(4 * time.Millisecond); news.Send(2) })
			if v, err := news.RecvUntil(s.Now().Add(6 * time.Millisecond)); v != 1 || err != nil {
				t.Errorf("first: %d, %v", v, err)
			}
			if v, err := news.RecvUntil(s.Now().Add(time.Minute)); v != 2 || err != nil {
				t.Errorf("second: %d, %v; its end is a minute away", v, err)
			}
		})
	})
}

// And the other way round: an entry that is too late must not hold up an earlier deadline.
func TestAnEarlierDeadlineIsTheOneThatCounts(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		run(t, s, func() {
			news := strand.NewChan[int](s, 0)
			s.Go("sender", func() { news.Send(1) })
			if v, err := news.RecvUntil(s.Now().Add(time.Hour)); v != 1 || err != nil {
				t.Errorf("first: %d, %v", v, err)
			}
			if _, err := news.RecvUntil(s.Now().Add(2 * time.Millisecond)); err != strand.ErrTimeout {
				t.Errorf("second: %v", err)
			}
		})
	})
}

// A value and the time meet in one turn: the time comes first, then the value is handed over, and only
// then does the receiver run. What was handed over must not be lost.
func TestAValueThatMeetsTheTimeOutIsNotLost(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		news := strand.NewChan[int](s, 0)
		end := s.Now().Add(2 * time.Millisecond)
		received := 0
		s.Go("receiver", func() { received, _ = news.RecvUntil(end) })
		s.Yield()
		for time.Now().Before(end) { // nothing is looked at until the time is over
		}
		s.Go("before the receiver", func() {})
		release := s.Hold()
		s.Post(func() { news.Send(7); release() }) // called after the timers of the same turn
		s.Yield()
		if s.Yield(); received != 7 {
			t.Errorf("the receiver got %d", received)
		}
	})
}

// Two wakes in one turn are one resumption: the second finds nobody parked.
func TestWakesInOneTurnResumeOnce(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		w, later := s.NewWaiter(), s.NewWaiter()
		ended := 0
		s.Go("sleeper", func() {
			w.Wait(time.Time{})
			ended++
			later.Wait(time.Time{})
			ended++
		})
		s.Yield()
		w.Wake()
		w.Wake()
		s.Yield()
		s.Yield()
		if ended != 1 {
			t.Errorf("%d waits ended with one wait's wakes", ended)
		}
		later.Wake()
	})
}

func TestAWaitEndsAtItsTime(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		run(t, s, func() {
			never := strand.NewChan[int](s, 0)
			start := time.Now()
			if _, err := never.RecvUntil(s.Now().Add(2 * time.Millisecond)); err != strand.ErrTimeout {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took < 2*time.Millisecond {
				t.Errorf("two milliseconds took %v", took)
			}
		})
	})
}

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

func TestWaitingOutsideACoroutineFails(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	if err := s.Sleep(time.Hour); err != coro.ErrOutside {
		t.Errorf("Sleep: %v", err)
	}
	if err := s.NewWaiter().Wait(time.Time{}); err != coro.ErrOutside {
		t.Errorf("Wait: %v", err)
	}
	if _, err := s.Dial("127.0.0.1:1", time.Time{}); err != coro.ErrOutside {
		t.Errorf("Dial: %v", err)
	}
}

func TestADeadlockSaysWhoWaitsForWhat(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	cleaned := false
	err := s.Run(func() {
		never := strand.NewChan[int](s, 0)
		s.Go("reader of nothing", func() {
			defer func() { cleaned = true }()
			if _, err := never.Recv(); err != strand.ErrCanceled {
				t.Errorf("the wait ended with %v", err)
			}
		})
	})
	var deadlock *coro.Deadlock
	if !errors.As(err, &deadlock) {
		t.Fatalf("Run returned %v", err)
	}
	if !strings.Contains(err.Error(), "reader of nothing has waited for wake-up") {
		t.Errorf("the report does not name the waiter: %v", err)
	}
	if !cleaned {
		t.Error("its deferred call did not run")
	}
}

func TestAForeignGoroutineGetsInByPost(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		answer := strand.NewChan[string](s, 1)
		release := s.Hold()
		go s.Post(func() { answer.Send("from outside"); release() })
		run(t, s, func() {
			if v, err := answer.Recv(); v != "from outside" || err != nil {
				t.Errorf("%q, %v", v, err)
			}
		})
	})
}

func TestAPanicEndsRunWithItsStack(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	err := s.Run(func() {
		s.Go("bystander", func() { s.Sleep(time.Hour) })
		s.Go("unlucky", func() { panicHere() })
	})
	if err == nil || !strings.Contains(err.Error(), `"unlucky" panicked: on purpose`) || !strings.Contains(err.Error(), "panicHere") {
		t.Errorf("Run returned %v", err)
	}
}

func panicHere() { panic("on purpose") }

func TestDaemonsEndWithTheOthers(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	var ended error
	run(t, s, func() {
		s.Daemon("clock", func() {
			for ended == nil {
				ended = s.Sleep(time.Hour)
			}
		})
		s.Yield()
	})
	if ended != strand.ErrCanceled {
		t.Errorf("the daemon's wait ended with %v", ended)
	}
}

// connected runs a server's and a client's coroutine on one connection.
func connected(t *testing.T, s *coro.Scheduler, server, client func(*coro.Conn)) {
	t.Helper()
	run(t, s, func() {
		l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 16})
		if err != nil {
			t.Error(err)
			return
		}
		s.Go("client", func() {
			c, err := s.Dial(l.At().String(), s.Now().Add(5*time.Second))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			client(c)
		})
		c, err := l.Accept()
		l.Close()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		server(c)
	})
}

// recvAll reads to the end of the stream.
func recvAll(c *coro.Conn) (string, error) {
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

func TestWhatIsSentArrives(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		large := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB: more than sockets hold
		connected(t, s, func(c *coro.Conn) {
			c.Send([]byte("small,"), time.Time{})
			if err := c.Send([]byte(large), time.Time{}); err != nil {
				t.Error(err)
			}
			c.Send([]byte(",and small again"), time.Time{})
			if err := c.CloseWrite(); err != nil {
				t.Error(err)
			}
			if back, err := recvAll(c); back != "thanks" || err != nil {
				t.Errorf("%q, %v", back, err)
			}
		}, func(c *coro.Conn) {
			got, err := recvAll(c)
			if err != nil || got != "small,"+large+",and small again" {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			c.Send([]byte("thanks"), time.Time{})
		})
	})
}

// Small pieces are collected in the scheduler's buffer; when the socket has no room for them, the rest
// must be kept, and not in the buffer, which is everybody's.
func TestSmallPiecesArriveThroughAFullSocket(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		const pieces = 8000
		piece := strings.Repeat("0123456789", 100)
		connected(t, s, func(c *coro.Conn) {
			for i := range pieces {
				if err := c.Send([]byte(piece), time.Time{}); err != nil {
					t.Errorf("piece %d: %v", i, err)
					return
				}
			}
		}, func(c *coro.Conn) {
			got, err := recvAll(c)
			if err != nil || got != strings.Repeat(piece, pieces) {
				t.Errorf("%d bytes of %d, %v", len(got), pieces*len(piece), err)
			}
		})
	})
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
