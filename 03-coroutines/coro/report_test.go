package coro_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// Run ends with the list of who waits for what and since when, and before it does they have returned.
func TestADeadlockSaysWhoWaitsForWhat(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	cleaned := 0
	err := s.Run(func() {
		never, w := strand.NewChan[int](s, 0), s.NewWaiter()
		waits := func(name string, wait func() error) {
			s.Go(name, func() {
				defer func() { cleaned++ }()
				if err := wait(); err != strand.ErrCanceled {
					t.Errorf("the wait of %s ended with %v", name, err)
				}
			})
		}
		waits("sleeper", func() error { return w.Wait(time.Time{}) })
		s.Sleep(3 * time.Millisecond)
		waits("reader of nothing", func() error {
			_, err := strand.NewChan[int](s, 0).Recv()
			return err
		})
		waits("chooser", func() error {
			_, err := strand.Select(s, time.Time{}, strand.NewChan[int](s, 0).Sending(1))
			return err
		})
		waits("writer to nobody", func() error { return never.Send(1) })
	})
	var deadlock *coro.Deadlock
	if !errors.As(err, &deadlock) || len(deadlock.Tasks) != 4 {
		t.Fatalf("Run returned %v", err)
	}
	for i, want := range []coro.Task{{Name: "sleeper", Why: "wake-up"}, {Name: "reader of nothing", Why: "receive"},
		{Name: "chooser", Why: "select"}, {Name: "writer to nobody", Why: "send"}} {
		got := deadlock.Tasks[i]
		if got.Name != want.Name || got.Why != want.Why || got.For < 0 || i == 0 && got.For < 3*time.Millisecond {
			t.Errorf("%+v, instead of %s that waits for %s", got, want.Name, want.Why)
		}
		if line := want.Name + " has waited for " + want.Why + " for "; !strings.Contains(err.Error(), line) {
			t.Errorf("the report has no line %q: %v", line, err)
		}
	}
	if cleaned != 4 {
		t.Errorf("%d of 4 deferred calls ran", cleaned)
	}
}

func TestATaskListNamesTheDescriptorsThatAreWaitedFor(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	connected(t, s, func(c *coro.Conn) {
		s.Go("writer", func() { c.Send(make([]byte, 64<<20), time.Time{}) })
		s.Go("sleeper", func() { s.Sleep(time.Hour) })
		s.Go("reporter", func() {
			for !strings.Contains(s.Tasks()[2].Why, "write") { // until the socket is full
				s.Yield()
			}
			list := s.Tasks()
			for i, want := range []coro.Task{{Name: "main", Why: "read fd "}, {Name: "client", Why: "wake-up"},
				{Name: "writer", Why: "write fd "}, {Name: "sleeper", Why: "time"}} {
				if got := list[i]; got.Name != want.Name || !strings.HasPrefix(got.Why, want.Why) {
					t.Errorf("%+v, instead of %s that waits for %s", got, want.Name, want.Why)
				}
			}
			s.Stop()
		})
		c.Recv(time.Time{})
	}, func(c *coro.Conn) { s.NewWaiter().Wait(time.Time{}) })
}

func TestTheWatchdogNamesWhoHeldTheLoop(t *testing.T) {
	poller, _ := poll.New(poll.Names()[0])
	var slow []string
	const bound = 5 * time.Millisecond
	s := scheduler(t, poller, coro.Options{Slow: bound, OnSlow: func(name string, took time.Duration) {
		slow = append(slow, name)
		if took <= bound {
			t.Errorf("%v is not longer than %v", took, bound)
		}
	}})
	run(t, s, func() {
		s.Go("hog", func() {
			for start := time.Now(); time.Since(start) <= bound; {
			}
		})
		s.Go("sleeper", func() { s.Sleep(2 * bound) })
	})
	if len(slow) == 0 || slow[0] != "hog" {
		t.Errorf("named: %q", slow)
	}
}
