package sock

import (
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Accept waits for a connection and takes it: in blocking mode, closed on exec, with the listener's
// options. A read time-out set on the listener ends the wait with ErrTimeout; on Linux the connection
// inherits that too, so give it its own.
func (s Blocking) Accept() (Blocking, error) {
	fd, errno := acceptBlocking(int(s))
	if errno != 0 {
		return -1, expired(acceptFailure(errno))
	}
	return Blocking(fd), nil
}

// Read waits for at least one byte and fills p with what has arrived. io.EOF is the peer's end.
func (s Blocking) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := unix.Read(int(s), p)
	switch {
	case err != nil:
		return 0, expired(failure("read", errnoOf(err)))
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write waits until the kernel has taken all of p, or until a time-out or a signal; then it returns how
// much went before, and no error if that was anything at all.
//
// A write to a connection that has ended raises SIGPIPE. The Go runtime ignores it on every descriptor
// but 1 and 2, so what arrives here is ErrBrokenPipe.
func (s Blocking) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := unix.Write(int(s), p)
	if err != nil {
		return 0, expired(failure("write", errnoOf(err)))
	}
	return n, nil
}

// SetReadTimeout bounds every later Read, and Accept, each by itself (SO_RCVTIMEO): a client that sends
// a byte now and then never meets it. For a deadline, set the time that remains before each read.
// 0 means never; a time that is over already means a microsecond.
func (s Blocking) SetReadTimeout(d time.Duration) error {
	return setTimeout(int(s), unix.SO_RCVTIMEO, d)
}

// SetWriteTimeout bounds every later Write (SO_SNDTIMEO), as SetReadTimeout does reads.
func (s Blocking) SetWriteTimeout(d time.Duration) error {
	return setTimeout(int(s), unix.SO_SNDTIMEO, d)
}

func setTimeout(fd, option int, d time.Duration) error {
	if d != 0 {
		// Upwards, because a time-out of zero microseconds would mean for ever.
		d = max(d+time.Microsecond-1, time.Microsecond).Truncate(time.Microsecond)
	}
	limit := unix.NsecToTimeval(int64(d))
	if errno := errnoOf(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit)); errno != 0 {
		return failure("setsockopt", errno)
	}
	return nil
}

// CloseWrite ends this direction of the connection (a half-close).
func (s Blocking) CloseWrite() error { return closeWrite(int(s)) }

// Close gives the descriptor back. It does not wake a strand that waits in a call on it.
func (s Blocking) Close() error {
	// Never twice: after EINTR the descriptor is gone on Linux and FreeBSD (close(2)).
	if errno := errnoOf(unix.Close(int(s))); errno != 0 && errno != unix.EINTR {
		return failure("close", errno)
	}
	return nil
}

// AdoptBlocking takes over a descriptor that this process inherited or was handed, and makes it blocking
// and closed on exec. See AdoptNonBlocking for what that does to those who share it.
func AdoptBlocking(fd int) (Blocking, error) {
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, false); err != nil {
		return -1, failure("adopt", errnoOf(err))
	}
	return Blocking(fd), nil
}
