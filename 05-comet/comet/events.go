package comet

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
)

// events is a long poll. Its cursor is the client's; the server keeps nothing of a client between two.
func (f *face) events(r *http1.Request) *http1.Response {
	q, refusal := f.listening(r, f.admit)
	if refusal != nil {
		return refusal
	}
	f.counters.Listeners++
	b, err := f.Hub.Events(q.topics, q.cursor, q.until)
	f.counters.Listeners--
	return f.answer(q, b, err)
}

// admit says until when a long poll may wait, or refuses it.
func (f *face) admit(q *query) *http1.Response {
	if f.full() {
		return says(503, "too many clients listen", append(q.allow, f.retryAfter())...)
	}
	q.until = f.Model.Now().Add(f.jittered(f.Wait, 0.1))
	return nil
}

//go:noinline
func (f *face) answer(q *query, b *hub.Batch, err error) (a *http1.Response) {
	strand.Aside(f.Model, func() { a = f.batch(q, b, err) })
	return a
}

// batch is the answer to a long poll.
func (f *face) batch(q *query, b *hub.Batch, err error) *http1.Response {
	if err != nil && !errors.Is(err, hub.ErrDraining) {
		return f.refused(err)
	}
	if b.Reset {
		f.counters.Resets++
	}
	return &http1.Response{Type: jsonType, Header: uncached(q.allow), Body: b.In(hub.JSON, encodeJSON)}
}

const jsonType = "application/json"

// uncached adds to a header that no cache may keep the answer.
func uncached(allow []http1.Pair) []http1.Pair {
	if allow == nil {
		return noStore
	}
	return slices.Concat(allow, noStore)
}

var noStore = []http1.Pair{{Name: "Cache-Control", Value: "no-store"}}

// The form of an answer. The names are the protocol's.
type (
	answer struct {
		Epoch  uint64  `json:"epoch"`
		Next   uint64  `json:"next"`
		Events []event `json:"events"`
		More   bool    `json:"more"`
		Reset  bool    `json:"reset,omitempty"`
	}
	event struct {
		ID    uint64 `json:"id"`
		Topic string `json:"topic"`
		Data  string `json:"data"`
	}
)

func encodeJSON(b *hub.Batch) []byte {
	a := answer{Epoch: b.Epoch, Next: b.Number, Events: make([]event, len(b.Messages)), More: b.More, Reset: b.Reset}
	for i, m := range b.Messages {
		a.Events[i] = event{m.Number, m.Topic, m.Text}
	}
	return encoded(a)
}

// encoded is a value as JSON and a line end. What is for programs that write HTML is not escaped for it.
func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(v) // to memory, of what is made of strings and numbers: it cannot fail
	return b.Bytes()
}
