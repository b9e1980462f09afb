// Package system is the coro.Kernel that is this machine: it joins sock's non-blocking sockets with one
// of poll's pollers, and adds what neither has, a way to interrupt a wait.
//
// Descriptors are passed as plain numbers, and errors are translated to those that coro decides on; all
// others pass as they are.
//
// What this package does not do: it keeps no state of a connection, and it decides nothing.
package system

import (
	"net/netip"
	"sync/atomic"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// A Kernel is this machine, seen by one scheduler.
type Kernel struct {
	poller        poll.Poller
	woken, waking sock.NonBlocking // a pair: a byte written to one makes the other readable
	interrupted   atomic.Bool      // a byte is under way: one is enough
}

var _ coro.Kernel = (*Kernel)(nil)

// New makes a kernel around a poller, which belongs to it from now on.
func New(p poll.Poller) (*Kernel, error) {
	woken, waking, err := sock.Pair()
	if err != nil {
		return nil, err
	}
	if err := p.Set(int(woken), poll.Read); err != nil {
		woken.Close()
		waking.Close()
		return nil, err
	}
	return &Kernel{poller: p, woken: woken, waking: waking}, nil
}

// Listen opens a listening socket.
func (k *Kernel) Listen(addr string, o coro.ListenOptions) (int, netip.AddrPort, error) {
	l, at, err := sock.ListenNonBlocking(addr, sock.Options{Backlog: o.Backlog, DeferAccept: o.DeferAccept})
	return int(l), at, err
}

// Accept takes a connection out of the listener's queue.
func (k *Kernel) Accept(listener int) (int, error) {
	c, err := sock.NonBlocking(listener).Accept()
	switch err {
	case nil:
		return int(c), nil
	case sock.ErrAgain:
		return -1, coro.ErrAgain
	case sock.ErrAborted:
		return -1, coro.ErrAborted
	case sock.ErrNoDescriptors, sock.ErrNoMemory:
		return -1, coro.ErrNoDescriptors
	}
	return -1, err
}

// Connect begins a connection.
func (k *Kernel) Connect(from netip.Addr, to netip.AddrPort) (int, error) {
	c, err := sock.ConnectFrom(from, to)
	return int(c), err
}

// Connected says how it went.
func (k *Kernel) Connected(fd int) error { return sock.NonBlocking(fd).ConnectError() }

// Read takes what has arrived; io.EOF is the end of the stream.
func (k *Kernel) Read(fd int, b []byte) (int, error) {
	n, err := sock.NonBlocking(fd).Read(b)
	if err == sock.ErrAgain {
		err = coro.ErrAgain
	}
	return n, err
}

// Write gives the kernel what it has room for.
func (k *Kernel) Write(fd int, b []byte) (int, error) {
	n, err := sock.NonBlocking(fd).Write(b)
	if err == sock.ErrAgain {
		err = coro.ErrAgain
	}
	return n, err
}

// Shutdown ends our direction of a connection.
func (k *Kernel) Shutdown(fd int) error { return sock.NonBlocking(fd).CloseWrite() }

// Finish is both, in one packet if that can be.
func (k *Kernel) Finish(fd int, b []byte) (int, error) {
	n, err := sock.NonBlocking(fd).Finish(b)
	if err == sock.ErrAgain {
		err = coro.ErrAgain
	}
	return n, err
}

// Addresses are a connection's two ends.
func (k *Kernel) Addresses(fd int) (local, remote netip.AddrPort) {
	local, _ = sock.NonBlocking(fd).LocalAddr() // of a broken connection: not valid, which says it
	remote, _ = sock.NonBlocking(fd).RemoteAddr()
	return local, remote
}

// Close gives a descriptor back.
func (k *Kernel) Close(fd int) error { return sock.NonBlocking(fd).Close() }

// Set declares what is wanted of a descriptor.
func (k *Kernel) Set(fd int, want poll.Interest) error { return k.poller.Set(fd, want) }

// Wait asks the poller, and keeps its own event for itself.
func (k *Kernel) Wait(events []poll.Event, d time.Duration) (int, error) {
	n, err := k.poller.Wait(events, d)
	if err != nil {
		return 0, err
	}
	for i := range n {
		if int(events[i].FD) == int(k.woken) {
			k.drain()
			events[i] = events[n-1]
			return n - 1, nil
		}
	}
	return n, nil
}

// Interrupt ends the Wait under way or the next one. Other goroutines may call it.
func (k *Kernel) Interrupt() {
	if !k.interrupted.Swap(true) {
		k.waking.Write([]byte{0}) // there is room: at most one byte is under way
	}
}

// drain takes the byte, and only then allows the next: in the other order an interrupt could be lost.
func (k *Kernel) drain() {
	var b [1]byte
	k.woken.Read(b[:])
	k.interrupted.Store(false)
}

// Now is the real clock.
func (k *Kernel) Now() time.Time { return time.Now() }

// End gives the kernel's own descriptors back, after the scheduler's Run has returned.
func (k *Kernel) End() {
	k.poller.Close()
	k.woken.Close()
	k.waking.Close()
}
