package prefork

import (
	"slices"
	"time"
)

// For an upgrade the links stand still: what this program has read must have been handled, and what it has
// not written must be known, because the program that takes over begins with the next byte.

// freeze stops both directions where they are. receive returns errFrozen, and the writer ends, in the
// middle of a run if need be. Frames may still be sent; they wait.
func (l *link) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = true
	l.changed.Broadcast()
	l.conn.SetDeadline(time.Unix(1, 0)) // long ago: a wait under way ends, and no other begins
}

// still waits until the writer of a frozen link has ended, which is soon: it waits for nobody.
func (l *link) still() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing {
		l.changed.Wait()
	}
}

// thaw undoes freeze, after receive has returned. The caller calls receive again.
func (l *link) thaw() {
	l.still()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.conn.SetDeadline(time.Time{})
	l.frozen, l.writing = false, true
	go l.write()
}

// A linkState is a frozen link on paper.
type linkState struct {
	Descriptor int        // the socket
	Input      []byte     `json:",omitempty"` // the beginning of a frame
	Queue      []outgoing `json:",omitempty"` // what was not written
}

// state tells of a link that stands still. Nothing in it is shared with the link, and its descriptors stay
// the link's.
func (l *link) state() (s linkState, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw, err := l.conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { s.Descriptor = int(fd) })
	}
	s.Input = l.input
	for _, run := range l.queue {
		s.Queue = append(s.Queue, outgoing{run.Bytes, slices.Clone(run.Descriptors)})
	}
	return s, err
}
