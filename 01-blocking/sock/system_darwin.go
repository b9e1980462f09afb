package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The names of this system for options that all systems have.
const (
	reusePort           = unix.SO_REUSEPORT
	keepAliveIdleOption = unix.TCP_KEEPALIVE
)

// macOS opens descriptors without close-on-exec and sets it afterwards. ForkLock keeps a program that is
// started in between, by os/exec, from inheriting them.

func newSocket(family int, m mode) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	return inMode(fd, m)
}

func socketPair() (int, int, error) {
	syscall.ForkLock.RLock()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(ends[0])
		unix.CloseOnExec(ends[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, -1, err
	}
	for i, fd := range ends {
		if _, err := inMode(fd, nonBlocking); err != nil {
			unix.Close(ends[1-i])
			return -1, -1, err
		}
	}
	return ends[0], ends[1], nil
}

// acceptSocket cannot hold ForkLock: a blocking accept would keep every program from being started. The
// gap is a connection that a child may inherit; package net has the same one here.
func acceptSocket(fd int, m mode) (int, error) {
	accepted, _, err := unix.Accept(fd)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(accepted)
	return inMode(accepted, m) // macOS lets it inherit the listener's mode, which may be the other one
}

func inMode(fd int, m mode) (int, error) {
	if err := unix.SetNonblock(fd, m == nonBlocking); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
