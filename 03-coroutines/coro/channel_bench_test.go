package coro_test

import (
	"testing"

	"example.com/c10k/01-blocking/strand"
)

// A value from one coroutine to another, through a channel without a buffer, where each value is two switches, and
// through one with room for a hundred, where the two take turns of a hundred values.
func BenchmarkChannel(b *testing.B) {
	for _, c := range []struct {
		name     string
		capacity int
	}{{"unbuffered", 0}, {"buffered", 100}} {
		b.Run(c.name, func(b *testing.B) {
			s := benchmarkScheduler(b)
			b.ReportAllocs()
			s.Run(func() {
				values := strand.NewChan[int](s, c.capacity)
				s.Daemon("sender", func() {
					for i := 0; values.Send(i) == nil; i++ {
					}
				})
				for want := 0; b.Loop(); want++ {
					if got, err := values.Recv(); got != want || err != nil {
						b.Fatal(got, err)
					}
				}
			})
		})
	}
}
