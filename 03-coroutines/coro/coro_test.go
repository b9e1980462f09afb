package coro_test

import (
	"runtime"
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

// What a burst leaves behind is kept up to a bound, for the next ones; the remainder ends.
func TestIdleCoroutinesAreKeptUpToABound(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	before := runtime.NumGoroutine()
	run(t, s, func() {
		for range 5000 {
			s.Go("short", func() { s.Yield() })
		}
		s.Yield()
		if n := runtime.NumGoroutine() - before; n < 5000 {
			t.Errorf("%d goroutines carry 5,000 coroutines", n)
		}
		s.Yield()
		s.Yield()
		kept := runtime.NumGoroutine() - before
		if kept > 1024+10 || kept < 1024 {
			t.Errorf("%d are kept", kept)
		}
		for range 1024 {
			s.Go("short", func() {})
		}
		s.Yield()
		if n := runtime.NumGoroutine() - before; n > kept {
			t.Errorf("%d more were made, while %d were idle", n-kept, kept)
		}
	})
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left after Run", n-before)
	}
}
