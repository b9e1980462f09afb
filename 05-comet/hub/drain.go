package hub

import (
	"maps"
	"slices"
	"time"

	"example.com/c10k/01-blocking/strand"
)

// drainSteps is in how many portions those who wait are sent away.
const drainSteps = 50

// Drain ends the waits of Events, a portion at a time over a window, so that those who were sent away do not
// all ask the next process in the same moment. Whoever asks from now on, and finds nothing, is sent away at
// once. Those in Wait are not: they have no cursor, and would lose what comes before they are back. They are
// counted and notified until the process ends.
//
// It returns at once.
func (h *Hub) Drain(window time.Duration) {
	h.model.Lock()
	defer h.model.Unlock()
	if h.draining {
		return
	}
	h.draining = true
	h.model.Go("drain", func() { h.sendAway(window) })
}

func (h *Hub) sendAway(window time.Duration) {
	pause := h.model.NewWaiter()
	began := h.model.Now()
	h.model.Lock()
	topics := slices.Sorted(maps.Keys(h.groups)) // all that there will be: nobody joins them any more
	h.model.Unlock()
	for step := range drainSteps {
		h.model.Lock()
		h.wake(h.portion(topics, drainSteps-step))
		left := h.listening()
		h.model.Unlock()
		if left == 0 {
			return
		}
		if pause.Wait(began.Add(window*time.Duration(step+1)/drainSteps)) != strand.ErrTimeout {
			return // the server stops at once: all waits end by that
		}
	}
}

// portion takes a part of those who wait in Events: all of them, divided by what.
func (h *Hub) portion(topics []string, by int) (taken []*waiter) {
	most := (h.listening() + by - 1) / by
	for _, name := range topics {
		for g := h.groups[name]; g != nil && len(g.waiters) > 0 && len(taken) < most; {
			w := g.waiters[len(g.waiters)-1]
			h.unpark(w, drained)
			taken = append(taken, w)
		}
	}
	return taken
}

// Draining tells whether Drain was called. Who asks holds the lock, as Report does.
func (h *Hub) Draining() bool { return h.draining }
