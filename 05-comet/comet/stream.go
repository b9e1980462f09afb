package comet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/05-comet/hub"
)

// The time after which a client comes back when its stream has ended: at once if that was in order, and
// not so soon if there was no room. Both are jittered by half.
const (
	streamRetry   = 2 * time.Second
	overfullRetry = 10 * time.Second
)

// stream is Server-Sent Events (the HTML standard, section 9.2). A stream is the same loop that a client of
// /events runs, with the client's cursor kept here, and sent as each event's id: so a client whose stream
// has ended, for whatever reason, comes back with Last-Event-ID and has lost nothing.
//
// A client that reads slowly has at most one batch waiting for it, because its next one is made when this
// one was taken; meanwhile its cursor stands still. If a batch is not taken within the write time-out the
// stream ends.
func (f *face) stream(r *http1.Request) *http1.Response {
	_, answer := f.listening(r, func(q *query) *http1.Response { return f.streaming(r, q) })
	return answer
}

// streaming is the answer that has a stream.
func (f *face) streaming(r *http1.Request, q *query) *http1.Response {
	if id, ok := r.Get("last-event-id"); ok && len(id) > 0 {
		var err error
		if q.cursor, err = parseCursor(string(id)); err != nil {
			q.cursor = hub.Cursor{Epoch: unknownEpoch} // of another server; an error would end EventSource for good
		}
	}
	a := &http1.Response{Type: "text/event-stream", Close: true, Header: slices.Concat(q.allow, noStore, unbuffered)}
	if f.full() {
		a.Body = f.retry(overfullRetry)
		return a
	}
	a.Stream = func(s http1.Sender) error {
		f.counters.Listeners++
		f.counters.Streams++
		defer func() { f.counters.Listeners--; f.counters.Streams-- }()
		return f.ended(f.follow(s, q))
	}
	return a
}

// unknownEpoch is one that no sequencer has: see Epoch of sequencer.Config, which is random and smaller.
const unknownEpoch = 1<<64 - 1

// unbuffered asks nginx, and others that learned it from there, to pass on what they get.
var unbuffered = []http1.Pair{{Name: "X-Accel-Buffering", Value: "no"}}

func (f *face) retry(d time.Duration) []byte {
	return fmt.Appendf(nil, "retry: %d\n\n", f.jittered(d, 0.5).Milliseconds())
}

// follow sends what there is, and then what comes, until the stream's time is over.
func (f *face) follow(s http1.Sender, q *query) error {
	end := f.Model.Now().Add(f.jittered(f.StreamAge*9/10, 1./9))
	if err := s.Send(f.retry(streamRetry)); err != nil {
		return err
	}
	for turn := f.Model.NewWaiter(); ; {
		began := q.cursor == hub.Cursor{}
		until := f.Model.Now().Add(f.jittered(f.Heartbeat*9/10, 1./9))
		if until.After(end) {
			until = end
		}
		b, err := f.Hub.Events(q.topics, q.cursor, until)
		if err != nil {
			return err
		}
		if b.Reset {
			f.counters.Resets++
		}
		q.cursor = b.Cursor
		switch {
		case began:
			err = s.Send(append(appendCursor([]byte("id: "), b.Cursor), "\n\n"...))
		case len(b.Messages) > 0 || b.Reset:
			err = s.Send(b.In(hub.Stream, encodeStream(q.topics)))
		default:
			err = s.Send(heartbeat)
		}
		if err != nil || !f.Model.Now().Before(end) {
			return err
		}
		if b.More && turn.Wait(f.Model.Now()) == strand.ErrCanceled { // others first, between two batches
			return strand.ErrCanceled
		}
	}
}

// heartbeat is a comment: it tells proxies that the stream lives, and us if it does not.
var heartbeat = []byte(":\n\n")

// ended says what the end of a stream means for its connection. One that was ended here is ended in order.
func (f *face) ended(err error) error {
	if errors.Is(err, strand.ErrTimeout) {
		f.counters.Slow++
	}
	if errors.Is(err, hub.ErrDraining) || errors.Is(err, hub.ErrBusy) {
		return nil
	}
	return err
}

// encodeStream writes a batch as events. Those of a client that asked for one topic have no type, and so
// arrive at onmessage; if there are several, the topic is the type. A reset is an event of its own, whose
// type cannot be a topic's; its id is where what follows begins.
func encodeStream(topics hub.Topics) func(*hub.Batch) []byte {
	return func(b *hub.Batch) (out []byte) {
		if b.Reset {
			out = append(out, "event: comet:reset\n"...)
			out = appendEvent(out, hub.Cursor{Epoch: b.Epoch, Number: b.From}, "")
		}
		several := strings.Contains(string(topics), ",")
		for _, m := range b.Messages {
			if several {
				out = append(append(append(out, "event: "...), m.Topic...), '\n')
			}
			out = appendEvent(out, hub.Cursor{Epoch: b.Epoch, Number: m.Number}, m.Text)
		}
		return out
	}
}

// appendEvent writes id and data of an event. Data is split at line ends, of which there are three kinds; the
// client joins the lines with LF.
func appendEvent(dst []byte, id hub.Cursor, data string) []byte {
	dst = append(appendCursor(append(dst, "id: "...), id), '\n')
	for more := true; more; {
		line := data
		i := strings.IndexAny(data, "\r\n")
		if more = i >= 0; more {
			line = data[:i]
			data = data[i+len(lineEnd(data[i:])):]
		}
		dst = append(append(append(dst, "data: "...), line...), '\n')
	}
	return append(dst, '\n')
}

func lineEnd(s string) string {
	if strings.HasPrefix(s, "\r\n") {
		return s[:2]
	}
	return s[:1]
}
