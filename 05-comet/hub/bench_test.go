package hub_test

import (
	"testing"
	"time"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
	"example.com/c10k/05-comet/hub"
	"example.com/c10k/05-comet/sequencer"
)

// A thousand coroutines wait, are taken by a round, released with its sum, and wait again: what a waiter costs
// beside its socket.
func BenchmarkRound(b *testing.B) {
	const waiters = 1000
	p, err := poll.New(poll.Names()[0])
	if err != nil {
		b.Fatal(err)
	}
	k, err := system.New(p)
	if err != nil {
		b.Fatal(err)
	}
	defer k.End()
	s := coro.New(k, coro.Options{})
	taken := uint64(0)
	h := hub.New(s, func(f sequencer.Frame) error {
		if f.Kind == sequencer.Taken {
			taken = f.N
		}
		return nil
	})
	err = s.Run(func() {
		told, wrong := 0, false
		for range waiters {
			s.Daemon("waiter", func() {
				for {
					if n, err := h.Wait(); err != nil || n != waiters {
						wrong = true
						return
					}
					told++ // and it waits again before anybody else runs
				}
			})
		}
		s.Yield()
		b.ReportAllocs()
		for round := uint64(1); b.Loop(); round++ {
			h.Receive(sequencer.Frame{Kind: sequencer.Take, ID: round})
			if taken != waiters {
				b.Fatalf("round %d took %d waiters, not %d", round, taken, waiters)
			}
			h.Receive(sequencer.Frame{Kind: sequencer.Release, ID: round, N: taken})
			for told = 0; told < waiters; { // the hub wakes a slice of them at a time
				if s.Yield(); wrong {
					b.Fatalf("in round %d a waiter was told wrongly", round)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed())/float64(time.Nanosecond)/float64(b.N)/waiters, "ns/waiter")
	})
	if err != nil {
		b.Fatal(err)
	}
}
