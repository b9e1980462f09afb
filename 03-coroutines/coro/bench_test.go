package coro_test

import (
	"iter"
	"testing"
	"time"

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

// A switch is what a wait costs without what is waited for: there and back again. Beside it, the bare
// iter.Pull that carries it. Two hundred coroutines share one look at the kernel, as they do in a busy
// server.
func BenchmarkSwitch(b *testing.B) {
	const crowd = 200
	b.Run("iter.Pull", func(b *testing.B) {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			for yield(struct{}{}) {
			}
		})
		defer stop()
		b.ReportAllocs()
		for b.Loop() {
			next()
		}
	})
	b.Run("yield", func(b *testing.B) {
		s := benchmarkScheduler(b)
		b.ReportAllocs()
		s.Run(func() {
			for range crowd {
				s.Daemon("busy", func() {
					for s.Yield() == nil {
					}
				})
			}
			for b.Loop() { // each turn resumes everybody
				s.Yield()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(crowd+1), "ns/switch")
		})
	})
}

// A wait whose deadline has moved, as every request moves one: with the switch, without an allocation.
func BenchmarkMovedDeadline(b *testing.B) {
	s := benchmarkScheduler(b)
	b.ReportAllocs()
	s.Run(func() {
		w := s.NewWaiter()
		s.Daemon("waker", func() {
			for s.Yield() == nil {
				w.Wake()
			}
		})
		for b.Loop() {
			if err := w.Wait(s.Now().Add(time.Minute)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A coroutine that is used again, from Go to its return.
func BenchmarkSpawn(b *testing.B) {
	const crowd = 200
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
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/crowd, "ns/coroutine")
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
