package sock

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// ListenBlocking listens at addr and says where that is, which matters with port 0: the kernel picks one.
//
// An addr is HOST:PORT. A name is looked up, IPv4 first; no host at all means every IPv4 address of this
// machine, and [::] every address of both families.
func ListenBlocking(addr string, o Options) (Blocking, netip.AddrPort, error) {
	fd, at, err := listen(addr, o, blocking)
	return Blocking(fd), at, err
}

// ListenNonBlocking is ListenBlocking for a loop.
func ListenNonBlocking(addr string, o Options) (NonBlocking, netip.AddrPort, error) {
	fd, at, err := listen(addr, o, nonBlocking)
	return NonBlocking(fd), at, err
}

// A mode is what a new descriptor is opened with.
type mode bool

const (
	blocking    mode = false
	nonBlocking mode = true
)

func listen(addr string, o Options, m mode) (fd int, at netip.AddrPort, err error) {
	wanted, err := resolve(addr)
	if err != nil {
		return -1, at, err
	}
	fd, err = open(wanted.Addr(), m)
	if err != nil {
		return -1, at, fmt.Errorf("listen %s: %w", addr, err)
	}
	if err = prepare(fd, wanted, o); err == nil {
		at, err = localAddr(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, at, advise(addr, err)
	}
	return fd, at, nil
}

// prepare makes a socket a listener. All of it is done before listen(2): a connection that is accepted by
// the kernel a moment later has its options already.
func prepare(fd int, at netip.AddrPort, o Options) error {
	if err := setListenerOptions(fd, at, o); err != nil {
		return err
	}
	to, err := socketAddress(at)
	if err != nil {
		return err
	}
	//> bind-listen
	if err := unix.Bind(fd, to); err != nil {
		return failure("bind", errnoOf(err))
	}
	if o.Backlog <= 0 {
		o.Backlog = DefaultBacklog
	}
	if err := unix.Listen(fd, o.Backlog); err != nil {
		return failure("listen", errnoOf(err))
	}
	//< bind-listen
	return nil
}

// setListenerOptions sets what has to be set before bind(2), and what connections inherit.
func setListenerOptions(fd int, at netip.AddrPort, o Options) error {
	// A server that starts again must not wait a minute for its old connections to leave TIME_WAIT.
	if err := setOption(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if o.ReusePort {
		if err := setOption(fd, unix.SOL_SOCKET, reusePort, 1); err != nil {
			return err
		}
	}
	if at.Addr().Is6() && at.Addr().IsUnspecified() {
		// Systems differ in what [::] means; here it is both families everywhere (RFC 3493, 5.3).
		if err := setOption(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return err
		}
	}
	if err := setConnectionOptions(fd); err != nil {
		return err
	}
	if o.DeferAccept {
		return deferAccept(fd)
	}
	return nil
}

// advise adds to an error of Listen what its reader can do about it.
func advise(addr string, err error) error {
	switch {
	case errors.Is(err, ErrInUse):
		return fmt.Errorf("listen %s: %w: another program listens there: choose another -addr, or port 0", addr, err)
	case errors.Is(err, ErrDenied):
		return fmt.Errorf("listen %s: %w: choose a port above 1023, or allow the program CAP_NET_BIND_SERVICE", addr, err)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("listen %s: %w: this machine does not have that address: choose 127.0.0.1, or 0.0.0.0 for all", addr, err)
	}
	return fmt.Errorf("listen %s: %w", addr, err)
}

// How long a connection may be silent before the kernel asks whether its peer is still there, and how
// often it asks. A peer that vanished without a word is noticed after two minutes; ten thousand parked
// clients cost 170 packets a second. The kernel's own default is two hours (tcp(7)).
const (
	keepAliveIdle     = 60 // seconds
	keepAliveInterval = 15 // seconds
	keepAliveProbes   = 4
)

// unacknowledgedMost is how long sent bytes may stay without an acknowledgement: as long as silence is borne.
// Nobody is asked while something is on its way, so a peer that vanishes then is given up only after as many
// retransmissions as net.ipv4.tcp_retries2 says, a quarter of an hour (tcp(7), TCP_USER_TIMEOUT).
const unacknowledgedMost = keepAliveIdle + keepAliveInterval*keepAliveProbes // seconds

// setConnectionOptions sets what every connection of this package has.
func setConnectionOptions(fd int) error {
	// An answer is written whole, so nothing is won by waiting for more of it (RFC 896's algorithm).
	if err := setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := setOption(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1); err != nil {
		return err
	}
	if err := setOption(fd, unix.IPPROTO_TCP, keepAliveIdleOption, keepAliveIdle); err != nil {
		return err
	}
	if err := setOption(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveInterval); err != nil {
		return err
	}
	if err := setOption(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveProbes); err != nil {
		return err
	}
	return limitUnacknowledged(fd)
}

func setOption(fd, level, option, value int) error {
	if errno := errnoOf(unix.SetsockoptInt(fd, level, option, value)); errno != 0 {
		return failure("setsockopt", errno)
	}
	return nil
}
