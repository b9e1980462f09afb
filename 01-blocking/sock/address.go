package sock

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// LocalAddr is this end's address.
func (s NonBlocking) LocalAddr() (netip.AddrPort, error) { return localAddr(int(s)) }

// RemoteAddr is the peer's address; ErrNotConnected if there is no peer any more.
func (s NonBlocking) RemoteAddr() (netip.AddrPort, error) { return remoteAddr(int(s)) }

// LocalAddr is this end's address.
func (s Blocking) LocalAddr() (netip.AddrPort, error) { return localAddr(int(s)) }

// RemoteAddr is the peer's address; ErrNotConnected if there is no peer any more.
func (s Blocking) RemoteAddr() (netip.AddrPort, error) { return remoteAddr(int(s)) }

func localAddr(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, failure("getsockname", errnoOf(err))
	}
	return addrPort(sa)
}

func remoteAddr(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return netip.AddrPort{}, failure("getpeername", errnoOf(err))
	}
	return addrPort(sa)
}

// addrPort reads a kernel's address. An IPv4 client of an IPv6 listener is shown as IPv4.
func addrPort(sa unix.Sockaddr) (netip.AddrPort, error) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && addr.Is6() {
			addr = addr.WithZone(strconv.Itoa(int(sa.ZoneId)))
		}
		return netip.AddrPortFrom(addr, uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("the socket has no internet address but a %T", sa)
}

// socketAddress writes a kernel's address. A zone is an interface's name or number.
func socketAddress(at netip.AddrPort) (unix.Sockaddr, error) {
	addr := at.Addr()
	if addr.Is4() {
		return &unix.SockaddrInet4{Port: int(at.Port()), Addr: addr.As4()}, nil
	}
	sa := &unix.SockaddrInet6{Port: int(at.Port()), Addr: addr.As16()}
	if zone := addr.Zone(); zone != "" {
		if number, err := strconv.ParseUint(zone, 10, 32); err == nil {
			sa.ZoneId = uint32(number)
		} else if itself, err := net.InterfaceByName(zone); err == nil {
			sa.ZoneId = uint32(itself.Index)
		} else {
			return nil, fmt.Errorf("%s: this machine has no interface %q", at, zone)
		}
	}
	return sa, nil
}

// resolve turns what a person wrote into an address. Looking up a name may take seconds and does so in
// package net: resolve before a loop starts, not in it.
func resolve(addr string) (netip.AddrPort, error) {
	found, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address: %w: write HOST:PORT, as 127.0.0.1:8080 or [::1]:8080", addr, err)
	}
	at := found.AddrPort()
	if !at.Addr().IsValid() {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()), nil
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}
