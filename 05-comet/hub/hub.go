// Package hub holds the clients that wait in one process, and follows a sequencer that orders what happens
// in all processes.
//
// Handlers call Events, Publish, Wait, Notify and Count, each on a strand of its own, and wait in them. A
// client that waits is a cursor and not a queue: nothing is kept for it, because it says what it has, and
// the [sequencer.History] of which every hub has a copy says what came after that. Frames of the sequencer
// come in through Receive and go out through the function given to New; what carries them, and where the
// sequencer lives, the hub does not know.
//
// There is one way out of every wait, unpark: a message, the end of the time, a client that left and a
// drain race there, and the first one wins.
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
	// Report is what a Survey of all processes hears of this one; nil: nothing. It is called with the lock
	// held, and given the hub's own counters.
	Report func(Counters) string

	model strand.Model
	send  func(sequencer.Frame) error

	history  sequencer.History
	epoch    uint64            // of the sequence that is followed; 0: none yet
	current  bool              // the history has everything that the sequencer had when this hub asked last
	starting group             // in wait for that
	groups   map[string]*group // in Events, by topics
	byTopic  map[string][]member
	batches  map[batchKey]*Batch // made of the history as it is, to be shared

	waiting group                // in Wait, not taken by a round
	aside   map[uint64][]*waiter // taken, by round; to be released with its sum
	asked   map[uint64]*question // on their way
	lastID  uint64

	fan      fan
	closing  bool // the server is about to stop
	draining bool
	counters Counters
}

// ErrBusy says that the sequencer has too much to do.
var ErrBusy = errors.New("hub: too many messages are under way: try again later")

// ErrDraining says that this process is about to end: ask again, another one will answer.
var ErrDraining = errors.New("hub: this process ends: ask again")

// New makes a hub without clients. send hands a frame to the sequencer; it must not wait, and returns
// ErrBusy when there is no room for it.
func New(m strand.Model, send func(sequencer.Frame) error) *Hub {
	return &Hub{
		model: m, send: send,
		groups: map[string]*group{}, byTopic: map[string][]member{}, batches: map[batchKey]*Batch{},
		aside: map[uint64][]*waiter{}, asked: map[uint64]*question{},
	}
}

// Receive takes a frame of the sequencer. It does not wait.
func (h *Hub) Receive(f sequencer.Frame) {
	h.model.Lock()
	defer h.model.Unlock()
	switch f.Kind {
	case sequencer.Begin:
		h.begin(f.ID)
	case sequencer.Piece:
		h.learn(f)
	case sequencer.Take:
		h.take(f.ID)
	case sequencer.Release:
		h.release(f.ID, int(f.N))
	case sequencer.Return:
		h.putBack(f.ID)
	case sequencer.Ask:
		h.reply(sequencer.Frame{Kind: sequencer.Counted, ID: f.ID, N: uint64(h.present())})
	case sequencer.Query:
		said := sequencer.Frame{Kind: sequencer.Said, ID: f.ID}
		if h.Report != nil {
			said.Body = h.Report(h.count())
		}
		h.reply(said)
	case sequencer.Closing:
		h.closing = true
	case sequencer.Told, sequencer.Refused:
		if q := h.asked[f.ID]; q != nil {
			q.answer, q.answered = f, true
			q.place.Wake()
		}
	}
}

// begin follows a sequence: from where this hub is, or from 0 if that was in another.
func (h *Hub) begin(epoch uint64) {
	if h.epoch != epoch {
		h.epoch, h.history = epoch, sequencer.History{}
		clear(h.batches)
		for _, g := range h.groups { // what they have means nothing any more, and they must hear of it
			h.unparkAll(g, notified)
		}
	}
	h.current = false
	h.follow()
}

// follow asks for what comes next. If there is no room for that it is asked again, a little later.
func (h *Hub) follow() {
	ask := sequencer.Frame{Kind: sequencer.Follow, N: h.history.Head()}
	if h.send(ask) != ErrBusy {
		return
	}
	h.model.Go("asking for history again", func() {
		if h.model.NewWaiter().Wait(h.model.Now().Add(followAgain)) == strand.ErrTimeout {
			h.model.Lock()
			defer h.model.Unlock()
			h.follow()
		}
	})
}

const followAgain = 100 * time.Millisecond

// learn takes in a piece of history, and wakes those who waited for it.
func (h *Hub) learn(f sequencer.Frame) {
	messages, head, ok := h.history.Take(f)
	if !ok {
		return // it is not a piece: the sequencer's language is another one
	}
	clear(h.batches)
	for _, m := range messages {
		h.tell(m.Topic)
	}
	switch {
	case h.history.Head() < head:
		h.follow()
	case !h.current:
		h.current = true
		h.unparkAll(&h.starting, notified)
	}
}

// reply answers a round. If the link is gone so is the master, and the process ends.
func (h *Hub) reply(f sequencer.Frame) { h.send(f) }

// Current tells whether this hub has caught up with its sequencer, and neither it nor the whole server is about to
// end.
func (h *Hub) Current() bool {
	h.model.Lock()
	defer h.model.Unlock()
	return h.current && !h.draining && !h.closing
}
