// Package sse is the client's half of Server-Sent Events (the HTML standard, section 9.2), without input or
// output: bytes in, events out.
//
//	p.Feed(bytes)
//	for {
//		e, ok, err := p.Next() // false: more is needed
//	}
//
// As with http1, bytes that were fed are lent until Next has returned false; it has then copied what it still
// needs. Lines end with LF, CR or CR LF, wherever the network has cut them. An event that the stream ends
// in the middle of is none, as the standard wants it: its id was never dispatched, so it comes again.
//
// What this package does not do: it neither connects nor reconnects, and does not take chunks apart.
package sse

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// MaxEvent bounds one event, in bytes as they come: 64 KiB of text of a comet server, split into as many
// lines as there are bytes in the worst case, at 7 bytes a line.
const MaxEvent = 1 << 20

// ErrTooLong says that an event is longer than MaxEvent.
var ErrTooLong = errors.New("sse: an event is longer than 1 MiB")

// An Event is a block of lines up to an empty one. A browser tells its page only those with Data; an ID moves
// its Last-Event-ID all the same.
type Event struct {
	ID    string        // "" if the block has none
	Type  string        // "" is message
	Data  string        // lines are joined with LF
	Has   bool          // there is a data line, be it empty
	Retry time.Duration // 0 if the block says nothing of it
}

// A Parser reads one stream. The zero Parser is at its beginning.
type Parser struct {
	bytes  []byte // fed, or kept from what was fed
	owned  bool   // they are a copy
	event  Event  // of the block so far
	data   []byte // its data lines, each with LF
	held   int    // bytes of the block so far
	partly bool   // the block has a line
	cut    bool   // the last line ended with CR: a LF that follows belongs to it
}

// Feed hands over the next bytes of the stream, after Next has said that it needs more.
func (p *Parser) Feed(b []byte) {
	if len(p.bytes) == 0 {
		p.bytes, p.owned = b, false
		return
	}
	p.bytes = append(p.bytes, b...)
}

// Next returns the next event, or false if more is needed. Comments and blocks of nothing are skipped.
func (p *Parser) Next() (Event, bool, error) {
	for {
		line, found := p.line()
		if !found {
			if p.held+len(p.bytes) > MaxEvent {
				return Event{}, false, ErrTooLong
			}
			p.keep()
			return Event{}, false, nil
		}
		if p.held += len(line) + 1; p.held > MaxEvent {
			return Event{}, false, ErrTooLong
		}
		if len(line) > 0 {
			p.field(line)
			continue
		}
		p.held = 0
		if p.partly {
			return p.dispatch(), true, nil
		}
	}
}

// keep copies what is left, unless it is a copy.
func (p *Parser) keep() {
	switch {
	case len(p.bytes) == 0:
		p.bytes = nil
	case !p.owned:
		p.bytes, p.owned = bytes.Clone(p.bytes), true
	}
}

// line takes a line off the bytes, without its end.
func (p *Parser) line() (line []byte, found bool) {
	if p.cut && len(p.bytes) > 0 {
		p.cut = false
		if p.bytes[0] == '\n' {
			p.bytes = p.bytes[1:]
		}
	}
	i := bytes.IndexAny(p.bytes, "\r\n")
	if i < 0 {
		return nil, false
	}
	p.cut = p.bytes[i] == '\r'
	line, p.bytes = p.bytes[:i], p.bytes[i+1:]
	return line, true
}

// field enters a line of a block. A line without a colon is a name without a value; one that begins with
// a colon is a comment.
func (p *Parser) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		p.data = append(append(p.data, value...), '\n')
		p.event.Has = true
	case "id":
		if bytes.IndexByte(value, 0) >= 0 { // the standard ignores such an id
			return
		}
		p.event.ID = string(value)
	case "event":
		p.event.Type = string(value)
	case "retry":
		ms, err := strconv.ParseUint(string(value), 10, 31)
		if err != nil { // not digits only: ignored
			return
		}
		p.event.Retry = time.Duration(ms) * time.Millisecond
	default:
		return
	}
	p.partly = true
}

func (p *Parser) dispatch() Event {
	e := p.event
	if len(p.data) > 0 {
		e.Data = string(p.data[:len(p.data)-1])
	}
	p.event, p.data, p.partly = Event{}, nil, false
	return e
}
