//go:build darwin || freebsd

package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// kqueue (kqueue(2)) keeps the list in the kernel, as epoll does, but an entry is a descriptor and one
// thing wanted of it (a filter): a descriptor may have two entries, and two events in one batch.
type kqueue struct {
	fd      int
	known   table // what the kernel knows; a Set that changes nothing costs no system call
	changes [2]unix.Kevent_t
	batch   []unix.Kevent_t
	place   []int32 // by descriptor: where in evs it was last reported
}

func newKqueue() (Poller, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("kqueue: kqueue: %w", err)
	}
	unix.CloseOnExec(fd)
	return &kqueue{fd: fd}, nil
}

func (k *kqueue) Set(fd int, want Interest) error {
	if fd < 0 {
		return refused("kqueue", fd)
	}
	want &= directions
	was := k.known.get(fd)
	if was == want {
		return nil
	}
	if err := k.tell(fd, was, want); err != nil {
		// The other filter may have been changed: leave none, so that the kernel has no entry now.
		_ = k.tell(fd, Read, 0)
		_ = k.tell(fd, Write, 0)
		k.known.put(fd, 0)
		return err
	}
	k.known.put(fd, want)
	return nil
}

func (k *kqueue) Wait(evs []Event, d time.Duration) (int, error) {
	if len(evs) == 0 {
		return 0, errNoRoom
	}
	if len(k.batch) < len(evs) {
		k.batch = make([]unix.Kevent_t, len(evs))
	}
	if missing := len(k.known) - len(k.place); missing > 0 {
		k.place = append(k.place, make([]int32, missing)...)
	}
	seen, err := k.ask(k.batch[:len(evs)], d)
	if err != nil || seen == 0 {
		return 0, err
	}
	n := 0
	for i := range seen {
		fd, ready := int32(k.batch[i].Ident), k.ready(&k.batch[i])
		// Both filters of one descriptor make one event. The place may be an old batch's; that the
		// event there is this descriptor's is what tells.
		if at := int(k.place[fd]); at < n && evs[at].FD == fd {
			evs[at].Ready |= ready
			continue
		}
		k.place[fd] = int32(n)
		evs[n] = Event{FD: fd, Ready: ready}
		n++
	}
	return n, nil // the kernel puts what it has reported at the end of its list: nobody starves
}

func (k *kqueue) Close() error {
	return unix.Close(k.fd)
}

// tell changes the kernel's entries. A close takes them out by itself, so that ENOENT tells of one.
func (k *kqueue) tell(fd int, was, want Interest) error {
	n := 0
	for _, one := range [...]struct {
		wanted Interest
		filter int
	}{{Read, unix.EVFILT_READ}, {Write, unix.EVFILT_WRITE}} {
		switch {
		case was&one.wanted == want&one.wanted:
			continue
		case want&one.wanted != 0:
			unix.SetKevent(&k.changes[n], fd, one.filter, unix.EV_ADD)
		default:
			unix.SetKevent(&k.changes[n], fd, one.filter, unix.EV_DELETE)
		}
		n++
	}
	// With no room for events it never waits, and answers with the first change that failed.
	_, err := unix.Kevent(k.fd, k.changes[:n], nil, nil)
	switch {
	case err == nil || err == unix.EINTR: // the changes are made by then
		return nil
	case was != 0 && (err == unix.ENOENT || err == unix.EBADF):
		return closedFirst("kqueue", fd)
	}
	return fmt.Errorf("kqueue: descriptor %d: %w", fd, err)
}

// ask waits. The time is exact: kqueue counts nanoseconds.
func (k *kqueue) ask(batch []unix.Kevent_t, d time.Duration) (int, error) {
	var limit *unix.Timespec // nil is for ever
	if d >= 0 {
		whole := unix.NsecToTimespec(int64(min(d, longest)))
		limit = &whole
	}
	n, err := unix.Kevent(k.fd, nil, batch, limit)
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("kqueue: kevent: %w", err)
	}
	return n, nil
}

// ready needs no case for errors and hang-ups: both filters report them, as EV_EOF.
func (k *kqueue) ready(seen *unix.Kevent_t) Interest {
	if seen.Filter == unix.EVFILT_READ {
		return Read
	}
	return Write
}
