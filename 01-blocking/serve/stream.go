package serve

import (
	"errors"
	"fmt"
	"runtime/debug"

	"example.com/c10k/01-blocking/http1"
)

// What a handler's Stream did against its answer's head.
var (
	errTooLong  = errors.New("serve: a Stream sent more than its response's Length")
	errTooShort = errors.New("serve: a Stream ended before its response's Length")
)

// A sender is where a handler sends the body of one answer to, piece by piece.
type sender struct {
	connection *connection
	chunked    bool
	sized      bool
	left       int64    // of a known length: what is to come
	size       [18]byte // a chunk's size, in hexadecimal, and its line end
	failed     error    // and so will be every further Send
}

// streamBody has r's body sent, after its head; sent tells how that went. An error means that the body did
// not end as the head said, and then the connection has to. A panic is such an error: the client has the
// head, so a 500 comes too late.
//
// Each piece has the write time-out for itself. An answer that goes on for hours has no end that could be
// foreseen, and a client that takes nothing is found out by the piece that it does not take.
//
//go:noinline
func (c *connection) streamBody(f http1.Framing, r *http1.Response, sent error) (err error) {
	s := &sender{connection: c, chunked: f.Chunked(r), sized: r.Length > 0, left: r.Length, failed: sent}
	unwanted := sent == nil && !f.Streams(r)
	if unwanted {
		s.failed = http1.ErrNoBody
	}
	defer func() {
		if p := recover(); p != nil {
			if c.lent.options.Log != nil {
				c.lent.options.Log.Error("a handler panicked while it streamed", "panic", p, "stack", string(debug.Stack()))
			}
			err = fmt.Errorf("serve: a Stream panicked: %v", p)
		}
	}()
	err = r.Stream(s)
	switch {
	case unwanted:
		return nil
	case err != nil:
		return err
	case s.failed != nil: // even if the handler did not mind
		return s.failed
	case s.left > 0:
		return errTooShort
	case s.chunked:
		s.pass(http1.LastChunk)
	}
	return s.failed
}

// Send is the handler's: see http1.Sender.
func (s *sender) Send(b []byte) error {
	if len(b) == 0 { // a chunk of 0 bytes would be the last
		return s.failed
	}
	if s.sized {
		if int64(len(b)) > s.left && s.failed == nil {
			s.failed = errTooLong
		}
		s.left -= int64(len(b))
	}
	if s.chunked {
		s.pass(http1.AppendChunkSize(s.size[:0], len(b)))
	}
	s.pass(b)
	if s.chunked {
		s.pass(http1.ChunkEnd)
	}
	return s.failed
}

func (s *sender) pass(b []byte) {
	if c := s.connection; s.failed == nil {
		s.failed = c.stream.Send(b, c.after(c.lent.options.Timeouts.Write))
	}
}
