package coro_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

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
