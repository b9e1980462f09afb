package system

import (
	"context"
	"net"
	"net/netip"
	"os"

	"example.com/c10k/03-coroutines/coro"
)

// What this machine can only do by blocking, for coroutines: it is done on an ordinary goroutine, and
// parks the one who asked.

// LookupHost asks Go's resolver for the addresses of a host (/etc/hosts, then DNS, as package net does).
func LookupHost(s *coro.Scheduler, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	var failed error
	if err := s.Offload(func() { found, failed = net.DefaultResolver.LookupNetIP(context.Background(), "ip", host) }); err != nil {
		return nil, err
	}
	return found, failed
}

// ReadFile is os.ReadFile. A file is always ready, whatever a poller says of it, and reading it waits for
// the disk.
func ReadFile(s *coro.Scheduler, name string) ([]byte, error) {
	var content []byte
	var failed error
	if err := s.Offload(func() { content, failed = os.ReadFile(name) }); err != nil {
		return nil, err
	}
	return content, failed
}
