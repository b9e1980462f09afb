package coro_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
)

// The offloaded function waits for something that only another coroutine does: on the loop that would be
// the end of both.
func TestOffloadParksOnlyTheCaller(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		gate, passed := make(chan struct{}), false
		s.Go("opener", func() { close(gate) })
		if err := s.Offload(func() { <-gate; passed = true }); err != nil || !passed {
			t.Errorf("%v, passed: %v", err, passed)
		}
	})
}

func TestMoreThanThePlacesAreOffloadedInTurn(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	gate := make(chan struct{})
	done := 0
	run(t, s, func() {
		for range 200 {
			s.Go("caller", func() {
				if err := s.Offload(func() { <-gate }); err != nil {
					t.Error(err)
				}
				done++
			})
		}
		s.Yield() // as many as there are places are off now
		close(gate)
	})
	if done != 200 {
		t.Errorf("%d of 200 came back", done)
	}
}

func TestAnOffloadedPanicIsAnError(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		if err := s.Offload(panicHere); err == nil || !strings.Contains(err.Error(), "panicHere") {
			t.Errorf("got %v", err)
		}
	})
}

// The function goes on when its caller is cancelled, and Run does not wait for it.
func TestOffloadCanBeCancelled(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	gate, ended := make(chan struct{}), make(chan struct{})
	run(t, s, func() {
		var got error
		child := s.Spawn("caller", func() { got = s.Offload(func() { <-gate; close(ended) }) })
		s.Yield()
		child.Cancel()
		child.Join(time.Time{})
		if got != strand.ErrCanceled {
			t.Errorf("got %v", got)
		}
	})
	close(gate)
	<-ended
}

// With one processor for all of Go, an offloaded function runs only when the loop makes room for it, and a
// busy loop never has to: its calls do not go through Go's scheduler. A turn or two is what it may cost, and
// not the thousands until the runtime interrupts the loop by force.
func TestABusyLoopMakesRoomForWhatIsOffloaded(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		turns := 0
		s.Daemon("busy", func() {
			for s.Yield() == nil {
				turns++
			}
		})
		for range 20 {
			before := turns
			if err := s.Offload(func() {}); err != nil {
				t.Error(err)
			}
			if took := turns - before; took > 100 {
				t.Errorf("a function that returns at once came back after %d turns of the loop", took)
			}
		}
	})
}
