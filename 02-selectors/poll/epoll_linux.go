package poll

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll (epoll(7)) keeps the list of descriptors in the kernel. Set changes one entry of it, Wait copies
// out those that are ready: neither grows with the number of descriptors watched.
type epoll struct {
	fd    int
	known table // what the kernel knows; a Set that changes nothing costs no system call
	batch []unix.EpollEvent
}

func newEpoll() (Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: epoll_create1: %w", err)
	}
	return &epoll{fd: fd}, nil
}

func (e *epoll) Set(fd int, want Interest) error {
	if fd < 0 {
		return refused("epoll", fd)
	}
	if want&directions == 0 {
		want = 0
	}
	was := e.known.get(fd)
	if was == want {
		return nil
	}
	if err := e.tell(fd, was, want); err != nil {
		e.known.put(fd, 0) // whichever step failed, the kernel has no entry now
		return err
	}
	e.known.put(fd, want)
	return nil
}

func (e *epoll) Wait(evs []Event, d time.Duration) (int, error) {
	if len(evs) == 0 {
		return 0, errNoRoom
	}
	if len(e.batch) < len(evs) {
		e.batch = make([]unix.EpollEvent, len(evs))
	}
	n, err := e.ask(e.batch[:len(evs)], d)
	if err != nil || n == 0 {
		return 0, err
	}
	for i, seen := range e.batch[:n] {
		evs[i] = Event{FD: seen.Fd, Ready: e.ready(seen)}
	}
	return n, nil // the kernel puts what it has reported at the end of its list: nobody starves
}

func (e *epoll) Close() error {
	return unix.Close(e.fd)
}

// tell changes the kernel's entry. An interest of 0 takes it out: left in with no bits it would still
// report errors and hang-ups, again and again. EPOLLEXCLUSIVE is accepted by EPOLL_CTL_ADD alone.
func (e *epoll) tell(fd int, was, want Interest) error {
	var entry unix.EpollEvent
	entry.Fd = int32(fd)
	if want&Read != 0 {
		entry.Events |= unix.EPOLLIN
	}
	if want&Write != 0 {
		entry.Events |= unix.EPOLLOUT
	}
	if want&Exclusive != 0 {
		entry.Events |= unix.EPOLLEXCLUSIVE
	}
	operation := unix.EPOLL_CTL_MOD
	switch {
	case was == 0:
		operation = unix.EPOLL_CTL_ADD
	case want == 0:
		operation = unix.EPOLL_CTL_DEL
	case (was|want)&Exclusive != 0:
		if err := e.tell(fd, was, 0); err != nil {
			return err
		}
		operation = unix.EPOLL_CTL_ADD
	}
	err := unix.EpollCtl(e.fd, operation, fd, &entry)
	if was != 0 && (err == unix.ENOENT || err == unix.EBADF) {
		return closedFirst("epoll", fd)
	}
	if err != nil {
		return fmt.Errorf("epoll: descriptor %d: %w", fd, err)
	}
	return nil
}

// ask looks first, and only then waits. The look has a time-out of 0, so it cannot wait, and may go past
// the Go scheduler (a busy loop then never leaves its thread); with any other time-out a raw call would
// stop the whole program. A wait through the scheduler gives up the thread's place and has to queue for
// one afterwards: the price is paid by a loop that has nothing to do anyway.
func (e *epoll) ask(batch []unix.EpollEvent, d time.Duration) (int, error) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.fd),
		uintptr(unsafe.Pointer(&batch[0])), uintptr(len(batch)), 0, 0, 0)
	n, err := int(r), error(nil)
	if errno != 0 {
		n, err = 0, errno
	}
	if n == 0 && err == nil && d != 0 {
		n, err = unix.EpollWait(e.fd, batch, milliseconds(d))
	}
	if err == unix.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("epoll: epoll_wait: %w", err)
	}
	return n, nil
}

func (e *epoll) ready(seen unix.EpollEvent) Interest {
	if seen.Events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		return e.known.get(int(seen.Fd)) & directions
	}
	var ready Interest
	if seen.Events&unix.EPOLLIN != 0 {
		ready |= Read
	}
	if seen.Events&unix.EPOLLOUT != 0 {
		ready |= Write
	}
	return ready
}
