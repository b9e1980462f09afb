package sim

import (
	"net/netip"
	"time"
)

// An end is one side of a connection. What the other side wrote lies here from then on, first under way
// and then arrived, so that one number bounds it all.
type end struct {
	file  *file // nil: not accepted yet, or closed
	peer  *end
	local netip.AddrPort

	inbox   []byte // written by the peer and not read yet
	arrived int    // so many of them can be read
	packets []packet
	last    time.Duration // when the latest of them arrives: none overtakes another

	deferred   *port // DeferAccept keeps it back until its first bytes
	broken     error // to be told once, by the next call
	connecting bool
	finished   bool // the peer's direction has ended, and we were told
	shut       bool // ours has
	dead       bool // nothing comes and goes any more
	closed     bool
}

// A packet is a number of bytes, or the end of the stream, or a reset.
type packet struct {
	bytes int
	kind  kind
}

type kind uint8

const (
	data kind = iota
	fin
	rst
)

// send takes bytes under way to e.
func (e *end) send(w *World, b []byte) {
	if !e.closed && !e.dead {
		e.inbox = append(e.inbox, b...)
	}
	for len(b) > 0 {
		n := w.part(len(b))
		e.packet(w, packet{n, data})
		b = b[n:]
	}
}

func (e *end) sendEnd(w *World) { e.packet(w, packet{0, fin}) }

func (e *end) packet(w *World, p packet) {
	e.last = max(e.last, w.now+w.latency())
	e.packets = append(e.packets, p)
	w.planAt(e.last, e)
}

// happen is the arrival of a packet.
func (e *end) happen(w *World) {
	if len(e.packets) == 0 {
		return // it broke meanwhile
	}
	p := e.packets[0]
	if e.packets = e.packets[1:]; len(e.packets) == 0 {
		e.packets = nil
	}
	switch {
	case p.kind == rst:
		e.breaks(w)
		return
	case e.dead:
		return
	case e.closed:
		if p.kind == data { // nobody will read it, and TCP says so
			e.peer.packet(w, packet{0, rst})
			e.dead = true
		}
		return
	case p.kind == fin:
		e.finished = true
	default:
		e.arrived += p.bytes
	}
	e.appear(w)
	e.file.changed()
}

// breaks is a reset that arrives. What had arrived before can still be read, or not: systems differ.
func (e *end) breaks(w *World) {
	if e.dead {
		return
	}
	e.dead, e.broken, e.packets = true, ErrReset, nil
	if e.finished { // Linux tells a writer so (tcp_reset, CLOSE_WAIT), and a reader that the stream is at its end
		e.broken = ErrBrokenPipe
	}
	if w.happens(w.options.Faults.Forgotten) {
		if e.arrived > 0 { // and no system calls it the end when something is missing before it
			e.finished, e.broken = false, ErrReset
		}
		e.arrived = 0
	}
	e.inbox = e.inbox[:e.arrived]
	e.appear(w)
	e.file.changed()
}

// reset breaks the connection from this side: the other will be told.
func (e *end) reset(w *World) {
	if !e.dead {
		e.dead, e.closed = true, true
		e.peer.packet(w, packet{0, rst})
	}
}

// close is this side's last word.
func (e *end) close(w *World) {
	unread := e.arrived > 0
	e.closed, e.file, e.inbox, e.arrived = true, nil, nil, 0
	switch {
	case e.peer == nil || e.dead:
	case unread:
		e.reset(w)
	case !e.shut:
		e.shut = true
		e.peer.sendEnd(w)
	}
	if e.peer != nil {
		e.peer.file.changed() // what was written here does not take room any more
	}
}

// room is how much this side may write.
func (e *end) room(w *World) int {
	if e.peer == nil {
		return 0
	}
	return max(0, w.window()-len(e.peer.inbox))
}

// take moves arrived bytes to b, all of which they fill.
func (e *end) take(b []byte) int {
	n := copy(b, e.inbox[:e.arrived])
	e.arrived -= n
	if e.inbox = e.inbox[n:]; len(e.inbox) == 0 {
		e.inbox = nil
	}
	e.peer.file.changed() // there is room again
	return n
}
