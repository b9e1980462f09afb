package main

import (
	"bytes"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/trace"
)

// One thread: whoever runs, runs alone. And the waiter is answered after the one who notified it.
func TestTurnsDoNotOverlap(t *testing.T) {
	r, err := play()
	if err != nil {
		t.Fatal(err)
	}
	lanes := r.Lanes()
	if len(lanes) != 3 {
		t.Fatalf("%d connections instead of 3", len(lanes))
	}
	for i, lane := range lanes {
		for _, other := range lanes[i+1:] {
			for _, a := range running(lane) {
				for _, b := range running(other) {
					if a.From < b.To && b.From < a.To {
						t.Errorf("%d runs from %v to %v, and %d from %v to %v", lane.Connection, a.From, a.To, other.Connection, b.From, b.To)
					}
				}
			}
		}
	}
	if waiter, notifier := lanes[0], lanes[2]; waiter.Answered < notifier.Answered {
		t.Errorf("the waiter was answered at %v, before its notifier, at %v", waiter.Answered, notifier.Answered)
	}
	var told bytes.Buffer
	tell(&told, r)
	if n := strings.Count(told.String(), "park, for wake"); n != 1 {
		t.Errorf("%d waits for somebody else instead of one:\n%s", n, told.String())
	}
}

func running(l *trace.Lane) (spans []trace.Span) {
	for _, s := range l.Spans {
		if s.State == trace.Running {
			spans = append(spans, s)
		}
	}
	return spans
}
