package sock

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// The errors a server decides on. They are returned as they stand, so == is enough, except by Listen,
// Connect and Adopt, which wrap them with the address (use errors.Is). The texts name the errno; every
// other errno is returned wrapped in the operation's name.
var (
	// ErrAgain: nothing to read, no room to write, nobody to accept. Wait for readiness, call again.
	ErrAgain = errors.New("the call would have to wait (EAGAIN)")

	// ErrInterrupted: a signal came while a Blocking call waited. Call again, with the time that is left.
	// Only sockets with a time-out meet it, as Go's handlers restart all other calls (signal(7)).
	ErrInterrupted = errors.New("a signal interrupted the call (EINTR)")

	// ErrTimeout: the time set with SetReadTimeout or SetWriteTimeout is over.
	ErrTimeout = errors.New("the socket's time-out is over (EAGAIN on a blocking socket)")

	// ErrReset: the peer threw the connection away; what it had not read is lost.
	ErrReset = errors.New("the peer reset the connection (ECONNRESET)")

	// ErrBrokenPipe: a write after the connection had ended. No SIGPIPE comes with it.
	ErrBrokenPipe = errors.New("the connection ended before this write (EPIPE)")

	// ErrNotConnected: there is no connection, or there is none any more.
	ErrNotConnected = errors.New("the socket is not connected (ENOTCONN)")

	// ErrLost: the peer no longer answers; keepalive, or the sending again of data, gave up.
	ErrLost = errors.New("the peer cannot be reached any more (ETIMEDOUT, EHOSTUNREACH, ENETUNREACH)")

	// ErrRefused: nobody listens where Connect went.
	ErrRefused = errors.New("nobody listens there: start the server, or check the port (ECONNREFUSED)")

	// ErrNoPorts: every local port towards that address is taken.
	ErrNoPorts = errors.New("no local port is free: connect from another address, as 127.0.0.2 (EADDRNOTAVAIL)")

	// ErrAborted: the connection ended before it was accepted, or the network failed it. Accept the next.
	ErrAborted = errors.New("the connection ended before it was accepted (ECONNABORTED)")

	// ErrNoDescriptors: this process (EMFILE) or this system (ENFILE) may open no more. The connection
	// stays in the queue, so a listener that is asked again at once answers the same: see Reserve.
	ErrNoDescriptors = errors.New("no descriptor is free: raise the limit with ulimit -n (EMFILE, ENFILE)")

	// ErrNoMemory: the kernel has no memory for sockets. Slow down, then go on.
	ErrNoMemory = errors.New("the kernel has no memory for the socket (ENOBUFS, ENOMEM)")

	// ErrInUse: another listener has the address.
	ErrInUse = errors.New("address in use (EADDRINUSE)")

	// ErrDenied: this user may not have that address.
	ErrDenied = errors.New("permission denied (EACCES)")
)

// failure is the error for an errno. Sentinels come without an allocation, the most frequent first.
func failure(operation string, errno syscall.Errno) error {
	switch errno {
	case unix.EAGAIN:
		return ErrAgain
	case unix.ECONNRESET:
		return ErrReset
	case unix.EPIPE:
		return ErrBrokenPipe
	case unix.EINTR:
		return ErrInterrupted
	case unix.ENOTCONN:
		return ErrNotConnected
	case unix.ETIMEDOUT, unix.EHOSTUNREACH, unix.ENETUNREACH:
		return ErrLost
	case unix.ECONNREFUSED:
		return ErrRefused
	case unix.ECONNABORTED:
		return ErrAborted
	case unix.EMFILE, unix.ENFILE:
		return ErrNoDescriptors
	case unix.ENOBUFS, unix.ENOMEM:
		return ErrNoMemory
	case unix.EADDRINUSE:
		return ErrInUse
	case unix.EACCES:
		return ErrDenied
	}
	return fmt.Errorf("%s: %w", operation, errno)
}

// acceptFailure is failure for accept, to which Linux hands errors that are already pending on the new
// connection: accept(2) lists them, and says to go on with the next one.
func acceptFailure(errno syscall.Errno) error {
	switch errno {
	case unix.EPROTO, unix.ENOPROTOOPT, unix.ENETDOWN, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETUNREACH,
		unix.EPERM: // a firewall rule forbids the connection
		return ErrAborted
	}
	return failure("accept", errno)
}

// expired turns the answer of a blocking call: there EAGAIN can only mean that SO_RCVTIMEO or
// SO_SNDTIMEO ran out (socket(7)).
func expired(err error) error {
	if err == ErrAgain {
		return ErrTimeout
	}
	return err
}

// errnoOf finds the number in an error of package unix; 0 is success.
func errnoOf(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
