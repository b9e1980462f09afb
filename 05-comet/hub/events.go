package hub

import (
	"slices"
	"strings"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/sequencer"
)

// Topics are what a client asks for: names in alphabetical order, each once, joined by commas. Who asks for
// the same topics, in whatever order, has the same Topics.
type Topics string

// NewTopics puts names in order. They are the caller's again when it returns.
func NewTopics(names []string) Topics {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	return Topics(strings.Join(sorted, ","))
}

// Names takes them apart.
func (t Topics) Names() []string {
	if t == "" {
		return nil
	}
	return strings.Split(string(t), ",")
}

// A Cursor is what a client has: everything up to a number of one epoch. The zero Cursor is that of a
// client that has nothing and asks where to begin.
type Cursor struct{ Epoch, Number uint64 }

// Events returns what was published to the topics after a cursor. If that is nothing, it waits until there
// is something, or until a time, and then returns a batch without messages and with the cursor unchanged;
// and so it does in a process that is about to end, with ErrDraining. To the zero Cursor it answers at once,
// with the head and no messages. The batch is shared with others: it is read only.
func (h *Hub) Events(topics Topics, c Cursor, until time.Time) (*Batch, error) {
	w, b, err := h.arrive(topics, c)
	if w == nil {
		return b, err
	}
	return h.woken(w, topics, c, w.place.Wait(until))
}

// arrive is what comes before the wait: its frame is gone when ten thousand do.
//
//go:noinline
func (h *Hub) arrive(topics Topics, c Cursor) (w *waiter, b *Batch, _ error) {
	if err := h.catchUp(); err != nil {
		return nil, nil, err
	}
	if err := h.checkAhead(c); err != nil {
		return nil, nil, err
	}
	strand.Aside(h.model, func() { w, b = h.registerThenCheck(topics, c) })
	return w, b, nil
}

// checkAhead deals with a cursor that is ahead of this hub. Its client may have it from a worker that heard
// of a message earlier than this one. Behind the answer to a question there is nothing on its way that was
// sent before it, so after that this hub knows what any other knew then; unless a new master has begun in
// between, which sends nothing to a hub that has not said where it is: then there is that to wait for.
func (h *Hub) checkAhead(c Cursor) error {
	h.model.Lock()
	ahead := c.Epoch == h.epoch && c.Number > h.history.Head()
	h.model.Unlock()
	if !ahead {
		return nil
	}
	if _, err := h.ask(sequencer.Frame{Kind: sequencer.Where}); err != nil {
		return err
	}
	return h.catchUp()
}

// registerThenCheck returns what there is, or a waiter that is already in its list. Were it the other way
// round, a message that came between the two would wake nobody; here nothing can come between, as the lock
// is held, and the order is kept all the same: it is what makes the step right on every model.
func (h *Hub) registerThenCheck(topics Topics, c Cursor) (*waiter, *Batch) {
	h.model.Lock()
	defer h.model.Unlock()
	if c == (Cursor{}) {
		return nil, &Batch{Cursor: Cursor{h.epoch, h.history.Head()}}
	}
	w := h.join(h.groupOf(topics), h.model.NewWaiter())
	if b := h.batch(topics, c); len(b.Messages) > 0 || b.Reset {
		h.unpark(w, notified)
		return nil, b
	}
	if h.draining {
		h.unpark(w, drained)
		w.place.Wake()
	}
	return w, nil
}

// woken says how a wait ended: err is what the strand was told, and comes too late if somebody else was
// first.
//
//go:noinline
func (h *Hub) woken(w *waiter, topics Topics, c Cursor, err error) (b *Batch, _ error) {
	strand.Aside(h.model, func() { b, err = h.outcome(w, topics, c, err) })
	return b, err
}

func (h *Hub) outcome(w *waiter, topics Topics, c Cursor, err error) (*Batch, error) {
	h.model.Lock()
	defer h.model.Unlock()
	if err == strand.ErrTimeout {
		h.unpark(w, expired)
	} else if err != nil {
		h.unpark(w, left)
	}
	switch w.outcome {
	case notified:
		return h.batch(topics, c), nil
	case expired:
		return &Batch{Cursor: c}, nil
	case drained:
		return &Batch{Cursor: c}, ErrDraining
	}
	return nil, err
}

// catchUp waits until the history is complete: in the first moments of a process it is on its way.
func (h *Hub) catchUp() error {
	h.model.Lock()
	if h.current {
		h.model.Unlock()
		return nil
	}
	w := h.join(&h.starting, h.model.NewWaiter())
	until := h.model.Now().Add(questionTime)
	h.model.Unlock()

	err := w.place.Wait(until)
	h.model.Lock()
	defer h.model.Unlock()
	why := left
	if err == strand.ErrTimeout {
		why, err = expired, ErrBusy
	}
	if !h.unpark(w, why) {
		err = nil
	}
	return err
}
