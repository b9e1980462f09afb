package hub

import "example.com/c10k/05-comet/sequencer"

// Bounds of one answer. A client that was away for long gets the rest when it asks again, which it may do at
// once: so what ten thousand of them make a server hold, when they all come back together, is bounded too.
const (
	BatchMessages = 256
	BatchBytes    = 64 << 10 // of texts; one message may be that long
)

// A Batch is what was published to some topics after a cursor. It is made once for all who ask for the same
// after the same number, and so is each form in which it is sent.
type Batch struct {
	Cursor          // what the client has when it has this
	From     uint64 // what it had before, or, after a Reset, what it has to forget about
	Messages []*sequencer.Message
	More     bool // there are others, to be asked for with Cursor
	Reset    bool // something between what the client has and what is here was dropped, or never was

	forms [forms][]byte
}

// A Form is a way of writing a batch down.
type Form int

const (
	JSON Form = iota
	Stream
	forms
)

// In returns the batch in a form, which encode makes the first time.
func (b *Batch) In(f Form, encode func(*Batch) []byte) []byte {
	if b.forms[f] == nil {
		b.forms[f] = encode(b)
	}
	return b.forms[f]
}

type batchKey struct {
	topics Topics
	cursor Cursor
}

// batchesMost bounds how many batches are kept to be shared. They are all forgotten with the next message;
// most clients of a topic are at the same number.
const batchesMost = 64

// batch is what a client that has c gets. The caller holds the lock.
func (h *Hub) batch(topics Topics, c Cursor) *Batch {
	key := batchKey{topics, c}
	if b := h.batches[key]; b != nil {
		return b
	}
	b := &Batch{Cursor: Cursor{h.epoch, h.history.Head()}, From: c.Number}
	if c.Epoch != h.epoch || c.Number > h.history.Head() {
		b.Reset, b.From = true, 0
	}
	names := topics.Names()
	for _, name := range names {
		if mark := h.history.Mark(name); mark > b.From {
			b.Reset, b.From = true, mark
		}
	}
	b.Messages, b.More = h.history.Since(names, b.From, BatchMessages, BatchBytes)
	if b.More {
		b.Number = b.Messages[len(b.Messages)-1].Number
	}
	if len(h.batches) >= batchesMost {
		clear(h.batches)
	}
	h.batches[key] = b
	return b
}
