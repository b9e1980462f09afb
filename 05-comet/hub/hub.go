// Package hub holds the waiters of one process, and follows a sequencer that orders what happens to the
// waiters of all processes.
//
// Handlers call Wait, Notify and Count, each on a strand of its own, and wait in them. Frames of the
// sequencer come in through Receive and go out through the function given to New; what carries them, and
// where the sequencer lives, the hub does not know.
//
// What this package does not do: no I/O, no engine, no HTTP. It is used under one model of strands, whose
// lock guards it.
package hub

import (
	"errors"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/sequencer"
)

// A Hub is one process's part of the comet application.
type Hub struct {
	model strand.Model
	send  func(sequencer.Frame) error

	waiting []*waiter            // in /wait, not taken by a round
	aside   map[uint64][]*waiter // taken, by round; to be released with its sum
	asked   map[uint64]*question // Notify and Count on their way
	lastID  uint64
}

// A waiter is a strand that waits to be notified.
type waiter struct {
	place    strand.Waiter
	index    int // in Hub.waiting; aside: not there
	n        int // what it is told
	released bool
	left     bool // its wait ended while it was aside
}

const aside = -1

// A question is a strand that waits for the sequencer's answer.
type question struct {
	place    strand.Waiter
	n        int
	answered bool
	refused  bool
}

// ErrBusy says that the sequencer has too much to do.
var ErrBusy = errors.New("hub: too many notifies are under way: try again later")

// questionTime is how long a handler waits for the sequencer. It answers within a second of the slowest
// worker; if it does not, the master is gone or busy beyond use.
const questionTime = 10 * time.Second

// New makes a hub without waiters. send hands a frame to the sequencer; it must not wait.
func New(m strand.Model, send func(sequencer.Frame) error) *Hub {
	return &Hub{model: m, send: send, aside: map[uint64][]*waiter{}, asked: map[uint64]*question{}}
}

// Wait waits for the next notify and returns how many it woke. It fails when the wait is cancelled.
func (h *Hub) Wait() (int, error) {
	w := h.join()
	err := w.place.Wait(time.Time{})
	h.model.Lock()
	if w.released { // even if the client left in the same moment: it was counted and told
		err = nil
	} else {
		h.remove(w)
	}
	h.model.Unlock()
	return w.n, err
}

// join adds a waiter to those in /wait. It is a function of its own to keep the frame of Wait small: of
// the ten thousand who are in Wait, each has it on its stack.
func (h *Hub) join() *waiter {
	h.model.Lock()
	w := &waiter{place: h.model.NewWaiter(), index: len(h.waiting)}
	h.waiting = append(h.waiting, w)
	h.model.Unlock()
	return w
}

// remove forgets a waiter that was not released. One that is aside was counted already; it is marked, so
// that it does not count as waiting.
func (h *Hub) remove(w *waiter) {
	if w.index == aside {
		w.left = true
		return
	}
	last := len(h.waiting) - 1
	h.waiting[w.index] = h.waiting[last]
	h.waiting[w.index].index = w.index
	h.waiting[last] = nil
	h.waiting = h.waiting[:last]
}

// Notify wakes everybody in all processes and returns how many that were.
func (h *Hub) Notify() (int, error) { return h.ask(sequencer.Notify) }

// Count returns how many wait in all processes.
func (h *Hub) Count() (int, error) { return h.ask(sequencer.Count) }

func (h *Hub) ask(kind sequencer.Kind) (int, error) {
	h.model.Lock()
	h.lastID++
	id := h.lastID
	q := &question{place: h.model.NewWaiter()}
	h.asked[id] = q
	until := h.model.Now().Add(questionTime)
	h.model.Unlock()

	err := h.send(sequencer.Frame{Kind: kind, ID: id})
	if err == nil {
		err = q.place.Wait(until)
	}
	h.model.Lock()
	defer h.model.Unlock()
	delete(h.asked, id)
	switch {
	case q.refused:
		return 0, ErrBusy
	case q.answered:
		return q.n, nil
	}
	return 0, err
}

// Receive takes a frame of the sequencer. It does not wait.
func (h *Hub) Receive(f sequencer.Frame) {
	h.model.Lock()
	defer h.model.Unlock()
	switch f.Kind {
	case sequencer.Take:
		h.take(f.ID)
	case sequencer.Release:
		h.release(f.ID, int(f.N))
	case sequencer.Return:
		h.putBack(f.ID)
	case sequencer.Ask:
		h.reply(sequencer.Counted, f.ID, h.present())
	case sequencer.Told, sequencer.Refused:
		if q := h.asked[f.ID]; q != nil {
			q.n, q.answered, q.refused = int(f.N), true, f.Kind == sequencer.Refused
			q.place.Wake()
		}
	}
}

// reply answers a round. If the link is gone so is the master, and the process ends.
func (h *Hub) reply(kind sequencer.Kind, round uint64, n int) {
	h.send(sequencer.Frame{Kind: kind, ID: round, N: uint64(n)})
}

// take sets the list aside: who comes from now on belongs to the next round.
func (h *Hub) take(round uint64) {
	taken := h.waiting
	h.waiting = nil
	for _, w := range taken {
		w.index = aside
	}
	h.aside[round] = taken
	h.reply(sequencer.Taken, round, len(taken))
}

func (h *Hub) release(round uint64, n int) {
	for _, w := range h.aside[round] {
		w.n, w.released = n, true // one that has left is not there to see it
		w.place.Wake()
	}
	delete(h.aside, round)
}

func (h *Hub) putBack(round uint64) {
	for _, w := range h.aside[round] {
		if !w.left {
			w.index = len(h.waiting)
			h.waiting = append(h.waiting, w)
		}
	}
	delete(h.aside, round)
}

// present is how many wait here, those included that a round has set aside.
func (h *Hub) present() int {
	n := len(h.waiting)
	for _, taken := range h.aside {
		for _, w := range taken {
			if !w.left {
				n++
			}
		}
	}
	return n
}
