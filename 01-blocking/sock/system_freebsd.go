package sock

import "golang.org/x/sys/unix"

// The names of this system for options that all systems have.
const (
	reusePort           = unix.SO_REUSEPORT_LB
	keepAliveIdleOption = unix.TCP_KEEPIDLE
)

func newSocket(family int, m mode) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|m.flag(), 0)
}

func socketPair() (int, int, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return ends[0], ends[1], err
}

func acceptSocket(fd int, m mode) (int, error) {
	accepted, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|m.flag())
	return accepted, err
}

func (m mode) flag() int {
	if m == nonBlocking {
		return unix.SOCK_NONBLOCK
	}
	return 0
}
