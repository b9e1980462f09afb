package loop

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Any order of setting, moving to earlier and later, stopping and removing gives each connection its
// time-out exactly when it is due, compared with a list that is searched from end to end.
func TestTimers(t *testing.T) {
	const seeds, connections, steps = 50, 40, 2000
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 0))
		all := make([]*connection, connections)
		for i := range all {
			all[i] = &connection{timer: noTimer}
		}
		var heap timers
		now := time.Duration(0)
		for range steps {
			c := all[random.IntN(connections)]
			switch random.IntN(4) {
			case 0, 1:
				c.due = now + 1 + time.Duration(random.IntN(100))
				heap.set(c)
			case 2:
				c.due = 0
				if random.IntN(2) == 0 {
					heap.remove(c)
				} else {
					heap.set(c)
				}
			case 3:
				now += time.Duration(random.IntN(20))
				var want, got []*connection
				for _, c := range all {
					if c.due != 0 && c.due <= now {
						want = append(want, c)
					}
				}
				for c := heap.due(now); c != nil; c = heap.due(now) {
					got = append(got, c)
				}
				for _, c := range want {
					if !slices.Contains(got, c) {
						t.Fatalf("seed %d: a time-out at %d had not come at %d", seed, c.due, now)
					}
				}
				if len(got) != len(want) {
					t.Fatalf("seed %d: %d time-outs came, %d were due", seed, len(got), len(want))
				}
				for _, c := range got {
					c.due = 0
				}
			}
			first := heap.first()
			for _, c := range all {
				if c.due != 0 && (first == 0 || first > c.due) {
					t.Fatalf("seed %d: the heap wants to be asked at %d, but a time-out is due at %d", seed, first, c.due)
				}
			}
		}
	}
}

// A connection that asks again and again moves its time-out each time and never moves in the heap.
func TestLaterIsFree(t *testing.T) {
	var heap timers
	c := &connection{timer: noTimer, due: 100}
	heap.set(c)
	for due := range time.Duration(1000) {
		c.due = 101 + due
		heap.set(c)
		if len(heap.heap) != 1 || heap.first() != 100 {
			t.Fatalf("the heap has %d entries, the first at %d", len(heap.heap), heap.first())
		}
	}
}
