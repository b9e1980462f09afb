package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// SelectLimit is where select's sets end: a descriptor has to be below it (FD_SETSIZE, select(2)). A
// server that polls with select takes fewer connections than this.
const SelectLimit = 1024

// selection (select(2)) is two sets of bits, one for each thing wanted. The kernel writes its answer over
// the question, so each Wait asks with a copy, and then looks at every number up to the highest.
type selection struct {
	wanted        table
	read, write   unix.FdSet // the question
	reads, writes unix.FdSet // the answer
	end           int        // one more than the highest descriptor wanted
	next          int        // the descriptor with which the next Wait begins to look
}

func newSelect() (Poller, error) {
	return &selection{}, nil
}

func (s *selection) Set(fd int, want Interest) error {
	if fd < 0 {
		return refused("select", fd)
	}
	want &= directions
	if fd >= SelectLimit {
		if want == 0 {
			return nil
		}
		// Without this check the bit would land in whatever lies behind the set: the classic overrun.
		return fmt.Errorf("select: descriptor %d: its sets end at %d: choose -poller %s", fd, SelectLimit-1, Names()[0])
	}
	s.tell(fd, want)
	return nil
}

func (s *selection) Wait(evs []Event, d time.Duration) (int, error) {
	if len(evs) == 0 {
		return 0, errNoRoom
	}
	set, err := s.ask(d)
	if err != nil || set == 0 {
		return 0, err
	}
	n := 0
	for range s.end {
		// Begins after the last one reported: when evs is full, those behind have their turn next time.
		if s.next >= s.end {
			s.next = 0
		}
		fd := s.next
		s.next++
		ready := s.ready(fd)
		if ready == 0 {
			continue
		}
		evs[n] = Event{FD: int32(fd), Ready: ready}
		n++
		if n == len(evs) {
			break
		}
	}
	return n, nil
}

func (s *selection) Close() error {
	return nil
}

// tell changes the sets.
func (s *selection) tell(fd int, want Interest) {
	s.wanted.put(fd, want)
	s.read.Clear(fd)
	s.write.Clear(fd)
	if want&Read != 0 {
		s.read.Set(fd)
	}
	if want&Write != 0 {
		s.write.Set(fd)
	}
	s.end = max(s.end, fd+1)
	for s.end > 0 && s.wanted[s.end-1] == 0 {
		s.end--
	}
}

// ask waits, and returns how many bits are set in the answer: a descriptor may have two.
func (s *selection) ask(d time.Duration) (int, error) {
	s.reads, s.writes = s.read, s.write
	var limit *unix.Timeval // nil is for ever
	if d >= 0 {
		counted := unix.NsecToTimeval(int64(microseconds(d) * time.Microsecond))
		limit = &counted
	}
	n, err := unix.Select(s.end, &s.reads, &s.writes, nil, limit)
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return 0, nil
	case unix.EBADF: // it does not say which one
		for fd, want := range s.wanted {
			if want == 0 {
				continue
			}
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
				return 0, closedFirst("select", fd)
			}
		}
	}
	return 0, fmt.Errorf("select: select: %w", err)
}

// ready needs no case for errors: the kernel shows them as readable and writable. A hang-up Linux shows as
// readable alone, so that who wants to write only is not told by it. A TCP socket that hung up is writable
// as well; left out is a Unix socket whose peer shut down both directions and stays open, unread.
func (s *selection) ready(fd int) Interest {
	var ready Interest
	if s.reads.IsSet(fd) {
		ready |= Read
	}
	if s.writes.IsSet(fd) {
		ready |= Write
	}
	return ready
}
