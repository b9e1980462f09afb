package poll_test

import (
	"testing"
	"time"

	"example.com/c10k/02-selectors/poll"
)

// The promises of Wait: who is reported, in how much room, and when. TestPollers has the list of all promises.

func fairness(t *testing.T, p poll.Poller) {
	const ready, room = 10, 3
	left := map[int32]bool{}
	for range ready {
		mine, theirs := pair(t)
		write(t, theirs)
		set(t, p, mine, Read)
		left[int32(mine)] = true
	}
	evs := make([]poll.Event, room)
	for range (ready + room - 1) / room {
		n, err := p.Wait(evs, patience)
		if n != room || err != nil {
			t.Fatalf("Wait: %d, %v, want %d events", n, err, room)
		}
		for _, ev := range evs[:n] {
			delete(left, ev.FD)
		}
	}
	if len(left) != 0 { // nobody reads, so each of them is ready each time
		t.Errorf("%d of %d had no turn while others had two", len(left), ready)
	}
}

func noRoom(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, Write)
	if n, err := p.Wait(nil, -1); n != 0 || err == nil {
		t.Errorf("Wait(nil): %d, %v, want an error", n, err)
	}
}

func look(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Read)
	evs := make([]poll.Event, 4)
	if n, err := p.Wait(evs, 0); n != 0 || err != nil {
		t.Errorf("a look at nothing: %d, %v", n, err)
	}
	write(t, theirs)
	if n, err := p.Wait(evs, 0); n != 1 || err != nil || evs[0] != event(mine, Read) {
		t.Errorf("a look: %d, %v, %v", n, err, evs[0])
	}
}

// 1.9 ms: who counts milliseconds and rounds down returns after one. A signal (the Go runtime sends its
// threads some) may end a Wait early, so one of three has to take its time.
func roundedUp(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, Read)
	for _, d := range []time.Duration{1, time.Microsecond, 1900 * time.Microsecond} {
		longest := time.Duration(0)
		for range 3 {
			begin := time.Now()
			if n, err := p.Wait(make([]poll.Event, 4), d); n != 0 || err != nil {
				t.Fatalf("Wait: %d, %v", n, err)
			}
			longest = max(longest, time.Since(begin))
		}
		if longest < d {
			t.Errorf("Wait for %v returned after %v", d, longest)
		}
	}
}

func nothingWatched(t *testing.T, p poll.Poller) {
	expect(t, p)
	begin := time.Now()
	if n, err := p.Wait(make([]poll.Event, 4), 10*time.Millisecond); n != 0 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	}
	if took := time.Since(begin); took < 10*time.Millisecond {
		t.Errorf("Wait for 10 ms returned after %v", took)
	}
}

func allocatesNothing(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	write(t, theirs)
	evs := make([]poll.Event, 64)
	n := testing.AllocsPerRun(100, func() {
		set(t, p, mine, Read|Write)
		p.Wait(evs, time.Second)
		set(t, p, mine, Write|Exclusive)
		p.Wait(evs, 0)
		p.Wait(evs, -1)
		set(t, p, mine, 0)
		p.Wait(evs, time.Microsecond)
	})
	if n != 0 {
		t.Errorf("%g allocations", n)
	}
}
