package coro_test

import (
	"iter"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

func benchmarkScheduler(b *testing.B) *coro.Scheduler {
	p, err := poll.New(poll.Names()[0])
	if err != nil {
		b.Fatal(err)
	}
	k, err := system.New(p)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(k.End)
	return coro.New(k, coro.Options{})
}

// crowd is how many coroutines share one look at the kernel here, as they do in a busy server.
const crowd = 200

// each reports what every coroutine of the crowd took, in ns, and returns it.
func each(b *testing.B, unit string, took time.Duration) float64 {
	ns := float64(took.Nanoseconds()) / float64(b.N) / crowd
	b.ReportMetric(ns, unit)
	return ns
}

// A switch is what a wait costs without what is waited for: there and back again. Beside it, in turns, so
// that what disturbs the machine disturbs both, the bare iter.Pull that carries it.
func BenchmarkSwitch(b *testing.B) {
	var resume [crowd]func() (struct{}, bool)
	for i := range resume {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			for yield(struct{}{}) {
			}
		})
		defer stop()
		resume[i] = next
	}
	s := benchmarkScheduler(b)
	b.ReportAllocs()
	s.Run(func() {
		for range crowd {
			s.Daemon("busy", func() {
				for s.Yield() == nil {
				}
			})
		}
		var pull, yield time.Duration
		for b.Loop() {
			begun := time.Now()
			for _, next := range resume {
				next()
			}
			pulled := time.Now()
			s.Yield() // a turn: it resumes everybody, and then us
			pull, yield = pull+pulled.Sub(begun), yield+time.Since(pulled)
		}
		bare := each(b, "ns/pull", pull)
		b.ReportMetric(each(b, "ns/yield", yield)/bare, "times-pull")
	})
}

// A wait with a deadline that is later than the last one's, as nearly every wait of a server has, beside one
// without, in turns: the difference is a field that moves. Ten thousand others are in the heap of timers,
// which it does not touch.
func BenchmarkDeadline(b *testing.B) {
	const asleep = 10_000
	s := benchmarkScheduler(b)
	b.ReportAllocs()
	s.Run(func() {
		for range asleep {
			s.Daemon("asleep", func() { s.Sleep(time.Hour) })
		}
		never := waiters(s, func() time.Time { return time.Time{} })
		later := waiters(s, func() time.Time { return s.Now().Add(time.Minute) })
		s.Yield()
		var without, with time.Duration
		for b.Loop() {
			begun := time.Now()
			wake(s, never)
			woken := time.Now()
			wake(s, later)
			without, with = without+woken.Sub(begun), with+time.Since(woken)
		}
		each(b, "ns/wait-without", without)
		each(b, "ns/wait-later", with)
	})
}

// waiters are the places of a crowd that waits again and again, until a time.
func waiters(s *coro.Scheduler, until func() time.Time) (places [crowd]strand.Waiter) {
	for i := range places {
		w := s.NewWaiter()
		places[i] = w
		s.Daemon("busy", func() {
			for w.Wait(until()) == nil {
			}
		})
	}
	return places
}

// wake has each of them go around once.
func wake(s *coro.Scheduler, places [crowd]strand.Waiter) {
	for _, w := range places {
		w.Wake()
	}
	s.Yield()
}

// A coroutine that is used again, from Go to its return.
func BenchmarkSpawn(b *testing.B) {
	s := benchmarkScheduler(b)
	b.ReportAllocs()
	s.Run(func() {
		work := func() {}
		for b.Loop() {
			for range crowd {
				s.Go("short", work)
			}
			s.Yield()
		}
		each(b, "ns/coroutine", b.Elapsed())
	})
}

// What the benchmarks would show and nobody would see: none of these may allocate.
func TestHotPathsAllocateNothing(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		w := s.NewWaiter()
		s.Daemon("waker", func() {
			for s.Yield() == nil {
				w.Wake()
			}
		})
		work := func() {}
		for what, once := range map[string]func(){
			"a yield":                    func() { s.Yield() },
			"a wait with a deadline":     func() { w.Wait(s.Now().Add(time.Minute)) },
			"a coroutine that is reused": func() { s.Go("short", work); s.Yield() },
		} {
			if n := testing.AllocsPerRun(100, once); n != 0 {
				t.Errorf("%s allocates %v times", what, n)
			}
		}
	})
}
