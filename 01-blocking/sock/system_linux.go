package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The names of this system for options that all systems have.
const (
	reusePort           = unix.SO_REUSEPORT
	keepAliveIdleOption = unix.TCP_KEEPIDLE
)

func newSocket(family int, m mode) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|m.flag(), 0)
}

func socketPair() (int, int, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return ends[0], ends[1], err
}

// acceptBlocking goes through the Go scheduler, as it waits, but past unix.Accept4, which allocates the
// peer's address.
func acceptBlocking(fd int) (int, syscall.Errno) {
	accepted, _, errno := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
	return int(accepted), errno
}

// deferAccept: the value is seconds, rounded up to a number of retransmissions of SYN-ACK. 1 is one of
// them: a silent client is accepted after about a second.
func deferAccept(fd int) error {
	return setOption(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
}

// choosePortLater lets bind choose the address only, and connect the port, which then needs to be free
// towards this one target (IP_BIND_ADDRESS_NO_PORT, ip(7)).
func choosePortLater(fd int) error {
	return setOption(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
}

func (m mode) flag() int {
	if m == nonBlocking {
		return unix.SOCK_NONBLOCK
	}
	return 0
}

func limitUnacknowledged(fd int) error {
	return setOption(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, unacknowledgedMost*1000) // milliseconds
}
