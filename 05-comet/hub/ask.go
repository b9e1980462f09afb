package hub

import (
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/sequencer"
)

// A question is a strand that waits for the sequencer's answer.
type question struct {
	place    strand.Waiter
	answer   sequencer.Frame
	answered bool
}

// questionTime is how long a handler waits for the sequencer. It answers within a second of the slowest
// worker; if it does not, the master is gone or busy beyond use.
const questionTime = 10 * time.Second

// ask sends a question, which gets a number of its own, and waits for the answer.
func (h *Hub) ask(f sequencer.Frame) (sequencer.Frame, error) {
	q := &question{}
	f.ID = h.begins(q)
	err := h.send(f)
	if err == nil {
		err = q.place.Wait(h.model.Now().Add(questionTime))
	}
	h.model.Lock()
	defer h.model.Unlock()
	delete(h.asked, f.ID)
	switch {
	case q.answered && q.answer.Kind == sequencer.Refused:
		return sequencer.Frame{}, ErrBusy
	case q.answered:
		return q.answer, nil
	}
	return sequencer.Frame{}, err
}

func (h *Hub) begins(q *question) (id uint64) {
	h.model.Lock()
	defer h.model.Unlock()
	q.place = h.model.NewWaiter()
	h.lastID++
	h.asked[h.lastID] = q
	return h.lastID
}

// Publish gives a text to everybody who asks for its topic, and returns its cursor: its epoch and number.
// The topic and the text are checked by the caller (sequencer.IsTopic, sequencer.MaxText).
func (h *Hub) Publish(topic, text string) (Cursor, error) {
	if err := h.catchUp(); err != nil {
		return Cursor{}, err
	}
	answer, err := h.ask(sequencer.Publishing(0, topic, text))
	if err != nil {
		return Cursor{}, err
	}
	h.model.Lock()
	defer h.model.Unlock()
	h.counters.Published++
	return Cursor{h.epoch, answer.N}, nil
}
