package sim

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"example.com/c10k/03-coroutines/coro"
)

// Listen opens a listener.
func (k *Kernel) Listen(addr string, o coro.ListenOptions) (int, netip.AddrPort, error) {
	if err := k.call(); err != nil {
		return -1, netip.AddrPort{}, err
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return -1, at, fmt.Errorf("listen %s: write an address and a port, as in 127.0.0.1:8080", addr)
	}
	w := k.world
	for at.Port() == 0 || w.nextPort == at.Port() {
		at = netip.AddrPortFrom(at.Addr(), w.nextPort)
		w.nextPort++
	}
	if w.ports[at] != nil {
		_, err := k.done("listen", -1, 0, ErrInUse)
		return -1, at, err
	}
	p := &port{at: at, backlog: max(1, o.Backlog), deferred: o.DeferAccept}
	w.ports[at] = p
	fd := k.install(p.file())
	k.done("listen", fd, int(at.Port()), nil)
	return fd, at, nil
}

// Share gives another process this listener too, as a master hands its listener to a worker.
func (k *Kernel) Share(fd int, with *Kernel) (int, error) {
	f, err := k.file("share", fd)
	if err != nil || f.listener == nil {
		return -1, fmt.Errorf("sharing descriptor %d, which is no listener: %w", fd, err)
	}
	return k.done("share", with.install(f.listener.file()), fd, nil)
}

// Accept takes the oldest connection out of the queue.
func (k *Kernel) Accept(listener int) (int, error) {
	f, err := k.file("accept", listener)
	if err != nil {
		return -1, err
	}
	w, p := k.world, f.listener
	switch {
	case p == nil:
		w.fail("%s: accept of %v", k.name, f)
		return k.done("accept", listener, -1, ErrBadDescriptor)
	case len(p.queue) == 0 || w.happens(w.options.Faults.Again):
		return k.done("accept", listener, -1, coro.ErrAgain)
	case k.exhausted():
		return k.done("accept", listener, -1, coro.ErrNoDescriptors)
	}
	e := p.queue[0]
	p.queue = p.queue[1:]
	if w.happens(w.options.Faults.Aborted) {
		e.reset(w)
		return k.done("accept", listener, -1, coro.ErrAborted)
	}
	e.file = &file{end: e}
	return k.done("accept", listener, k.install(e.file), nil)
}

// Connect begins a connection.
func (k *Kernel) Connect(from netip.Addr, to netip.AddrPort) (int, error) {
	if err := k.call(); err != nil {
		return -1, err
	}
	if k.exhausted() {
		return k.done("connect", -1, -1, coro.ErrNoDescriptors)
	}
	e := &end{connecting: true, local: k.world.source(from)}
	e.file = &file{end: e}
	fd := k.install(e.file)
	k.world.plan(k.world.latency(), &attempt{client: e, to: to})
	return k.done("connect", int(to.Port()), fd, nil)
}

// Connected says how it went, once.
func (k *Kernel) Connected(fd int) error {
	f, err := k.file("connected", fd)
	if err != nil {
		return err
	}
	err = f.end.broken
	f.end.broken = nil
	_, err = k.done("connected", fd, 0, err)
	return err
}

// Read takes what has arrived, or less.
func (k *Kernel) Read(fd int, b []byte) (int, error) {
	f, err := k.file("read", fd)
	if err != nil {
		return 0, err
	}
	w, e := k.world, f.end
	switch {
	case e == nil:
		w.fail("%s: read of %v", k.name, f)
		err = ErrBadDescriptor
	case e.connecting || w.happens(w.options.Faults.Again):
		err = coro.ErrAgain
	case e.arrived > 0:
		return k.done("read", fd, e.take(b[:w.part(min(len(b), e.arrived))]), nil)
	case e.broken != nil && !e.finished:
		err, e.broken = e.broken, nil
	case e.finished || e.dead:
		err = io.EOF
	default:
		err = coro.ErrAgain
	}
	return k.done("read", fd, 0, err)
}

// Write gives the network what it has room for, or less.
func (k *Kernel) Write(fd int, b []byte) (int, error) {
	f, err := k.file("write", fd)
	if err != nil {
		return 0, err
	}
	w, e := k.world, f.end
	switch {
	case e == nil:
		w.fail("%s: write to %v", k.name, f)
		err = ErrBadDescriptor
	case e.broken != nil && !e.connecting:
		err, e.broken = e.broken, nil
	case e.dead || e.shut:
		err = ErrBrokenPipe
	case e.connecting || e.room(w) == 0 || w.happens(w.options.Faults.Again):
		err = coro.ErrAgain
	default:
		n := w.part(min(len(b), e.room(w)))
		e.peer.send(w, b[:n])
		return k.done("write", fd, n, nil)
	}
	return k.done("write", fd, 0, err)
}

// Shutdown sends the end of our direction, behind all that was written.
func (k *Kernel) Shutdown(fd int) error {
	f, err := k.file("shutdown", fd)
	if err != nil {
		return err
	}
	switch e := f.end; {
	case e == nil || e.connecting || e.dead:
		err = ErrBrokenPipe
	case !e.shut:
		e.shut = true
		e.peer.sendEnd(k.world)
	}
	_, err = k.done("shutdown", fd, 0, err)
	return err
}

// Finish is both.
func (k *Kernel) Finish(fd int, b []byte) (int, error) {
	n, err := k.Write(fd, b)
	if err == nil && n == len(b) {
		err = k.Shutdown(fd)
	}
	return n, err
}

// Addresses are a connection's two ends.
func (k *Kernel) Addresses(fd int) (local, remote netip.AddrPort) {
	f, err := k.file("addresses", fd)
	if err != nil || f.end == nil || f.end.dead || f.end.peer == nil {
		return local, remote
	}
	return f.end.local, f.end.peer.local
}

// Close gives a descriptor back. Bytes that arrived and were not read make it a reset, as in TCP.
func (k *Kernel) Close(fd int) error {
	f, err := k.file("close", fd)
	if err != nil {
		return err
	}
	if f.want != 0 {
		k.world.fail("%s: descriptor %d was closed while it was watched: call Set(fd, 0) first", k.name, fd)
	}
	k.remove(f)
	k.done("close", fd, 0, nil)
	return nil
}

// Interrupt ends the Wait under way or the next one.
func (k *Kernel) Interrupt() { k.interrupted.Store(true) }

// Now is the world's clock.
func (k *Kernel) Now() time.Time { return Began.Add(k.world.now) }

// Explain has tell called when the world stands still: it says what this process waits for.
func (k *Kernel) Explain(tell func() string) { k.explain = tell }

// Name is the process's.
func (k *Kernel) Name() string { return k.name }

// Open is how many descriptors the process has.
func (k *Kernel) Open() int { return k.open }
