package sock

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// HoldPort binds a socket to addr, as ListenNonBlocking does, and does not listen on it: no connection is
// ever given to it. Nobody is given the port by port 0 while it is held, so listeners with ReusePort may come
// and go; a program that asks for it by number gets it while nobody listens (SO_REUSEADDR). Close ends the
// holding.
func HoldPort(addr string) (NonBlocking, netip.AddrPort, error) {
	wanted, err := resolve(addr)
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	fd, err := open(wanted.Addr(), nonBlocking)
	if err != nil {
		return -1, netip.AddrPort{}, advise(addr, err)
	}
	at, err := bind(fd, wanted)
	if err != nil {
		unix.Close(fd)
		return -1, netip.AddrPort{}, advise(addr, err)
	}
	return NonBlocking(fd), at, nil
}

func bind(fd int, at netip.AddrPort) (bound netip.AddrPort, err error) {
	if err := setListenerOptions(fd, at, Options{ReusePort: true}); err != nil {
		return bound, err
	}
	to, err := socketAddress(at)
	if err != nil {
		return bound, err
	}
	if err := unix.Bind(fd, to); err != nil {
		return bound, failure("bind", errnoOf(err))
	}
	return localAddr(fd)
}
