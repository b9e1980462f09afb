package sequencer

import (
	"testing"
	"time"
)

// A notify of four workers, from the question to the last frame: what it costs the master beside the links.
func BenchmarkRound(b *testing.B) {
	const workers = 4
	sent := 0
	s := New(Config[int]{
		Epoch: 1, Limits: DefaultLimits, Now: time.Now,
		Send:  func(int, Frame) { sent++ },
		After: func(time.Duration, func()) func() { return func() {} },
	})
	for w := range workers {
		s.Joined(w)
	}
	sent = 0 // each was told the epoch
	b.ReportAllocs()
	rounds := uint64(0)
	for b.Loop() {
		rounds++
		s.Frame(0, Frame{Kind: Notify, ID: rounds})
		for w := range workers {
			s.Frame(w, Frame{Kind: Taken, ID: rounds, N: 2500})
		}
	}
	if want := int(rounds) * (workers + workers + 1); sent != want { // Take and Release to each, Told to one
		b.Fatalf("%d frames were sent in %d rounds, and not %d", sent, rounds, want)
	}
}

// A frame as the link carries it, there and back.
func BenchmarkFrame(b *testing.B) {
	frame := Frame{Kind: Release, ID: 1 << 40, N: 10_000}
	b.ReportAllocs()
	for b.Loop() {
		if got, ok := Parse(byte(frame.Kind), frame.Payload()); !ok || got != frame {
			b.Fatal(got, ok)
		}
	}
}
