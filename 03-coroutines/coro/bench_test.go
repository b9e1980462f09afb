package coro_test

import (
	"iter"
	"strconv"
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

// best is the shortest of many turns, each of which a crowd goes through once. Two things are compared by
// their best turns, which take turns themselves: so what else the machine does is in neither.
type best time.Duration

func (d *best) since(begun time.Time) {
	if took := best(time.Since(begun)); *d == 0 || took < *d {
		*d = took
	}
}

// each is what every coroutine of the crowd took of it, in ns.
func (d best) each() float64 { return float64(d) / crowd }

// A switch is what a wait costs without what is waited for: there and back again. Beside it the bare
// iter.Pull that carries it.
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
		var pull, yield best
		for b.Loop() {
			begun := time.Now()
			for _, next := range resume {
				next()
			}
			pull.since(begun)
			begun = time.Now()
			s.Yield() // it resumes everybody, asks the kernel, and then it is our turn
			yield.since(begun)
		}
		b.ReportMetric(pull.each(), "ns/pull")
		b.ReportMetric(yield.each(), "ns/yield")
		b.ReportMetric(yield.each()/pull.each(), "times-pull")
	})
}

// A switch among more and more coroutines that take turns. Nothing is done more often for each of them; what
// grows is what a turn goes through, the stacks first of all, until the processor's caches do not hold it
// from one turn to the next. A server with more clients that are busy at the same time feels it in the same way.
func BenchmarkCrowds(b *testing.B) {
	for _, n := range []int{50, 200, 1000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := benchmarkScheduler(b)
			s.Run(func() {
				for range n {
					s.Daemon("busy", func() {
						for s.Yield() == nil {
						}
					})
				}
				s.Yield() // the stacks are there
				var turn best
				for b.Loop() {
					begun := time.Now()
					s.Yield()
					turn.since(begun)
				}
				b.ReportMetric(float64(turn)/float64(n), "ns/yield")
			})
		})
	}
}

// A wait with a deadline that is later than the last one's, as nearly every wait of a server has, beside one
// without: the difference is a field that moves. Ten thousand others are in the heap of timers, which it does
// not touch.
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
		var without, with best
		for b.Loop() {
			begun := time.Now()
			wake(s, never)
			without.since(begun)
			begun = time.Now()
			wake(s, later)
			with.since(begun)
		}
		b.ReportMetric(without.each(), "ns/wait-without")
		b.ReportMetric(with.each(), "ns/wait-later")
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
		var spawn best
		for b.Loop() {
			begun := time.Now()
			for range crowd {
				s.Go("short", work)
			}
			s.Yield()
			spawn.since(begun)
		}
		b.ReportMetric(spawn.each(), "ns/spawn")
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
