package sock

import (
	"io"

	"golang.org/x/sys/unix"
)

// Accept takes one connection from the queue: in non-blocking mode, closed on exec, with the listener's
// options. ErrAgain says that the queue is empty, which is usual where processes share a listener.
// On Linux it allocates nothing; it does not ask for the peer's address (RemoteAddr does).
func (s NonBlocking) Accept() (NonBlocking, error) {
	for {
		fd, errno := acceptNonBlocking(int(s))
		switch errno {
		case 0:
			return NonBlocking(fd), nil
		case unix.EINTR:
			continue
		}
		return -1, acceptFailure(errno)
	}
}

// Read fills p with what has arrived, at least one byte. io.EOF is the peer's end of the stream, ErrAgain
// says that nothing is there yet. A read shorter than p has emptied the socket.
func (s NonBlocking) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil // a read of no bytes answers 0, which must not be taken for the end
	}
	for {
		n, errno := read(int(s), p)
		switch {
		case n > 0:
			return n, nil
		case errno == 0:
			return 0, io.EOF
		case errno == unix.EINTR:
			continue
		}
		return 0, failure("read", errno)
	}
}

// Write hands the kernel as much of p as its buffer has room for, and returns how much that was: less
// than all of p is no error. ErrAgain says that there is no room at all.
func (s NonBlocking) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, errno := write(int(s), p)
		switch errno {
		case 0:
			return n, nil
		case unix.EINTR:
			continue
		}
		return 0, failure("write", errno)
	}
}

// Finish is Write for a connection's last bytes: if p is taken whole, CloseWrite follows. On Linux the end then
// travels in the packet of the last bytes. A short answer and its end are one packet, where Write and Close make
// two, and the other machine acknowledges, and wakes its reader, once. If p is taken in part, nothing has ended,
// and the rest is for Write or Finish, soon: some of what was taken may be held back for it, up to 200 ms.
func (s NonBlocking) Finish(p []byte) (int, error) {
	for {
		n, errno := writeMore(int(s), p)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, failure("write", errno)
		case n < len(p):
			return n, nil
		}
		return n, s.CloseWrite()
	}
}

// CloseWrite ends this direction of the connection (a half-close): the peer reads what was sent and then
// the end, and may still answer.
func (s NonBlocking) CloseWrite() error { return closeWrite(int(s)) }

// Close gives the descriptor back; its number may be another connection's at once. Bytes written are
// still sent, but if bytes that arrived were not read, the peer gets a reset instead (RFC 2525, 2.17).
func (s NonBlocking) Close() error {
	// Never twice: after EINTR the descriptor is gone on Linux and FreeBSD (close(2)).
	if errno := closeDescriptor(int(s)); errno != 0 && errno != unix.EINTR {
		return failure("close", errno)
	}
	return nil
}

// Pair returns two connected sockets of this machine (socketpair(2), AF_UNIX), to wake a loop or to talk
// to a child process.
func Pair() (NonBlocking, NonBlocking, error) {
	a, b, err := socketPair()
	if err != nil {
		return -1, -1, failure("socketpair", errnoOf(err))
	}
	return NonBlocking(a), NonBlocking(b), nil
}

// Duplicate returns another number for the same open socket, closed on exec (fcntl(2), F_DUPFD_CLOEXEC). The
// connection ends when both are closed. What a poller was told of one of them it goes on telling as long as
// the other is open (epoll(7), Q6): let it forget the number before you close it.
func (s NonBlocking) Duplicate() (NonBlocking, error) {
	fd, err := unix.FcntlInt(uintptr(s), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, failure("fcntl", errnoOf(err))
	}
	return NonBlocking(fd), nil
}

// AdoptNonBlocking takes over a descriptor that this process inherited or was handed, and makes it
// non-blocking and closed on exec. O_NONBLOCK belongs to the open socket, not to the number: every
// process that shares it gets the same mode.
func AdoptNonBlocking(fd int) (NonBlocking, error) {
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return -1, failure("adopt", errnoOf(err))
	}
	return NonBlocking(fd), nil
}

// closeWrite is shutdown(2), which waits for nothing.
func closeWrite(fd int) error {
	if errno := shutdownWrite(fd); errno != 0 {
		return failure("shutdown", errno)
	}
	return nil
}
