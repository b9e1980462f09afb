//go:build !linux

package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The calls of a NonBlocking descriptor where the system does not promise that system calls may be made
// directly (macOS), or nobody measured them (FreeBSD): they go through the Go scheduler.

func read(fd int, p []byte) (int, syscall.Errno) {
	n, err := unix.Read(fd, p)
	return n, errnoOf(err)
}

// write relies on the Go runtime, which ignores SIGPIPE on every descriptor but 1 and 2.
func write(fd int, p []byte) (int, syscall.Errno) {
	n, err := unix.Write(fd, p)
	return n, errnoOf(err)
}

// writeMore is write: MSG_MORE is Linux's.
func writeMore(fd int, p []byte) (int, syscall.Errno) { return write(fd, p) }

func shutdownWrite(fd int) syscall.Errno { return errnoOf(unix.Shutdown(fd, unix.SHUT_WR)) }

func acceptNonBlocking(fd int) (int, syscall.Errno) { return acceptAs(fd, nonBlocking) }

func acceptBlocking(fd int) (int, syscall.Errno) { return acceptAs(fd, blocking) }

// acceptAs sets the options again: not every system lets a connection inherit all of them. A connection
// that has ended meanwhile refuses options (EINVAL on macOS); its first read will tell.
func acceptAs(fd int, m mode) (int, syscall.Errno) {
	accepted, err := acceptSocket(fd, m)
	if err != nil {
		return -1, errnoOf(err)
	}
	_ = setConnectionOptions(accepted)
	return accepted, 0
}

func closeDescriptor(fd int) syscall.Errno { return errnoOf(unix.Close(fd)) }

func deferAccept(int) error { return nil } // Linux only

func limitUnacknowledged(int) error { return nil } // TCP_USER_TIMEOUT is Linux only

func choosePortLater(int) error { return nil } // Linux only
