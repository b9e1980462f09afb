package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// poll (poll(2)) takes the whole list with each call. The kernel remembers nothing between two calls, so
// Set is free, and a Wait costs what is watched, ready or not.
type poll struct {
	list  []unix.PollFd
	place []int32 // by descriptor: where it is in list, counted from 1; 0 is nowhere
	next  int     // where in list the next Wait begins to look
}

func newPoll() (Poller, error) {
	return &poll{}, nil
}

func (p *poll) Set(fd int, want Interest) error {
	if fd < 0 {
		return refused("poll", fd)
	}
	p.tell(fd, want&directions)
	return nil
}

func (p *poll) Wait(evs []Event, d time.Duration) (int, error) {
	if len(evs) == 0 {
		return 0, errNoRoom
	}
	left, err := p.ask(d)
	if err != nil || left == 0 {
		return 0, err
	}
	n := 0
	for range p.list {
		// Begins after the last one reported: when evs is full, those behind have their turn next time.
		if p.next >= len(p.list) {
			p.next = 0
		}
		seen := p.list[p.next]
		p.next++
		if seen.Revents == 0 {
			continue
		}
		if seen.Revents&unix.POLLNVAL != 0 {
			return 0, closedFirst("poll", int(seen.Fd))
		}
		evs[n] = Event{FD: seen.Fd, Ready: p.ready(seen)}
		n++
		if left--; left == 0 || n == len(evs) {
			break
		}
	}
	return n, nil
}

func (p *poll) Close() error {
	return nil
}

// tell changes the list. What is forgotten leaves no hole: the last entry moves into its place.
func (p *poll) tell(fd int, want Interest) {
	if want == 0 && fd >= len(p.place) {
		return
	}
	if missing := fd + 1 - len(p.place); missing > 0 {
		p.place = append(p.place, make([]int32, missing)...)
	}
	at := int(p.place[fd]) - 1
	switch {
	case want == 0 && at < 0:
		return
	case want == 0:
		end := len(p.list) - 1
		p.list[at] = p.list[end]
		p.place[p.list[at].Fd] = int32(at + 1)
		p.list = p.list[:end]
		p.place[fd] = 0
		return
	case at < 0:
		p.list = append(p.list, unix.PollFd{Fd: int32(fd)})
		at = len(p.list) - 1
		p.place[fd] = int32(at + 1)
	}
	p.list[at].Events = 0
	if want&Read != 0 {
		p.list[at].Events |= unix.POLLIN
	}
	if want&Write != 0 {
		p.list[at].Events |= unix.POLLOUT
	}
}

// ask waits, and returns how many entries have something to report.
func (p *poll) ask(d time.Duration) (int, error) {
	n, err := unix.Poll(p.list, milliseconds(d))
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("poll: poll: %w", err)
	}
	return n, nil
}

func (p *poll) ready(seen unix.PollFd) Interest {
	var ready Interest
	if seen.Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
		seen.Revents |= seen.Events
	}
	if seen.Revents&seen.Events&unix.POLLIN != 0 {
		ready |= Read
	}
	if seen.Revents&seen.Events&unix.POLLOUT != 0 {
		ready |= Write
	}
	return ready
}
