package hub

import (
	"time"

	"example.com/c10k/05-comet/sequencer"
)

// Wait waits for the next Notify and returns how many it woke. It has no end of its own, and fails when the
// wait is cancelled.
func (h *Hub) Wait() (int, error) {
	h.model.Lock()
	w := h.join(&h.waiting, h.model.NewWaiter())
	h.model.Unlock()
	err := w.place.Wait(time.Time{})
	h.model.Lock()
	if !h.unpark(w, left) { // even if the client left in the same moment: it was counted and told
		err = nil
	}
	h.model.Unlock()
	return w.n, err
}

// Notify wakes everybody who is in Wait, in all processes, and returns how many that were.
func (h *Hub) Notify() (int, error) {
	answer, err := h.ask(sequencer.Frame{Kind: sequencer.Notify})
	return int(answer.N), err
}

// Count returns how many are in Wait, in all processes.
func (h *Hub) Count() (int, error) {
	answer, err := h.ask(sequencer.Frame{Kind: sequencer.Count})
	return int(answer.N), err
}

// take sets the list aside: who comes from now on belongs to the next round.
func (h *Hub) take(round uint64) {
	taken := h.setAside(&h.waiting)
	h.aside[round] = taken
	h.reply(sequencer.Frame{Kind: sequencer.Taken, ID: round, N: uint64(len(taken))})
}

// release wakes those that were taken, unless they have left since.
func (h *Hub) release(round uint64, n int) {
	taken := h.aside[round]
	delete(h.aside, round)
	for _, w := range taken {
		if h.unpark(w, notified) {
			w.n = n
		}
	}
	h.wake(taken)
}

// putBack gives those that were taken, and have not left since, to the next round.
func (h *Hub) putBack(round uint64) {
	for _, w := range h.aside[round] {
		if w.outcome == none {
			w.index = len(h.waiting.waiters)
			h.waiting.waiters = append(h.waiting.waiters, w)
		}
	}
	delete(h.aside, round)
}

// present is how many are in Wait here, those included that a round has set aside.
func (h *Hub) present() int {
	n := len(h.waiting.waiters)
	for _, taken := range h.aside {
		for _, w := range taken {
			if w.outcome == none {
				n++
			}
		}
	}
	return n
}
