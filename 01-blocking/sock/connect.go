package sock

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Connect begins a connection and does not wait for it: when the descriptor is ready for Write, ask
// ConnectError how it went.
func Connect(to netip.AddrPort) (NonBlocking, error) {
	return ConnectFrom(netip.Addr{}, to)
}

// ConnectFrom is Connect from one of this machine's addresses; the zero Addr leaves the choice to the
// kernel. One source has some 28,000 ports towards one server (Linux: ip_local_port_range), so a load
// that needs more uses 127.0.0.2 and so on.
func ConnectFrom(from netip.Addr, to netip.AddrPort) (NonBlocking, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	fd, err := open(to.Addr(), nonBlocking)
	if err != nil {
		return -1, fmt.Errorf("connect %s: %w", to, err)
	}
	if err := begin(fd, from.Unmap(), to); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect %s: %w", to, err)
	}
	return NonBlocking(fd), nil
}

func begin(fd int, from netip.Addr, to netip.AddrPort) error {
	if err := setConnectionOptions(fd); err != nil {
		return err
	}
	if from.IsValid() {
		if err := choosePortLater(fd); err != nil {
			return err
		}
		source, err := socketAddress(netip.AddrPortFrom(from, 0))
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, source); err != nil {
			return failure("bind", errnoOf(err))
		}
	}
	target, err := socketAddress(to)
	if err != nil {
		return err
	}
	switch errno := errnoOf(unix.Connect(fd, target)); errno {
	case 0, unix.EINPROGRESS, unix.EINTR: // after EINTR it goes on by itself (connect(2))
		return nil
	case unix.EADDRNOTAVAIL:
		return ErrNoPorts
	default:
		return failure("connect", errno)
	}
}

// ConnectError says how a Connect went, once the descriptor is ready for Write: nil, ErrRefused, ErrLost,
// … It reads SO_ERROR, which clears it: ask once.
func (s NonBlocking) ConnectError() error {
	value, err := unix.GetsockoptInt(int(s), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return failure("getsockopt", errnoOf(err))
	}
	if value == 0 {
		return nil
	}
	return failure("connect", syscall.Errno(value))
}

// open makes a socket of the address's family.
func open(addr netip.Addr, m mode) (int, error) {
	family := unix.AF_INET6
	if addr.Is4() {
		family = unix.AF_INET
	}
	fd, err := newSocket(family, m)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return -1, fmt.Errorf("this system has no IPv6: use an IPv4 address: %w", err)
	}
	if err != nil {
		return -1, failure("socket", errnoOf(err))
	}
	return fd, nil
}
