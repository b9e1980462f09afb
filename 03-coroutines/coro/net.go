package coro

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"example.com/c10k/01-blocking/strand"
)

// A Conn is a net.Conn and a Listener can be had as a net.Listener, so that code which knows only those,
// crypto/tls for one, runs on coroutines. Recv and Send remain the fast verbs: Read copies into the
// caller's buffer, and Write asks the kernel at each call. All of it is used from coroutines of the
// connection's scheduler; a tls.Conn belongs to one of them, as its mutexes would block the thread.
var (
	_ net.Conn     = (*Conn)(nil)
	_ net.Listener = netListener{}
)

// Read waits until something has arrived, and copies at most len(p) bytes of it. io.EOF is the end of the
// stream. After the read deadline the error is os.ErrDeadlineExceeded, after Close net.ErrClosed.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var until time.Duration
	if r := c.rare; r != nil {
		if len(r.early) > 0 {
			n := copy(p, r.early)
			if r.early = r.early[n:]; len(r.early) == 0 {
				r.early = nil
			}
			return n, nil
		}
		if until = r.read; c.scheduler.over(until) {
			return 0, os.ErrDeadlineExceeded
		}
	}
	n, err := c.receive(p, until)
	return n, netError(err)
}

// Write returns when the kernel has taken all of b, or else how much it took and why not all: the errors
// of Read.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, netError(err)
	}
	var until time.Duration
	if r := c.rare; r != nil {
		if until = r.write; c.scheduler.over(until) {
			return 0, os.ErrDeadlineExceeded
		}
	}
	n, err := c.write(b, until)
	return n, netError(err)
}

// SetDeadline sets both deadlines. The zero time is none, a time that is over ends the next call at once.
// A deadline counts for the Read or Write under way too, so one coroutine can end another's.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read. Recv has its own, as an argument.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.closed {
		return net.ErrClosed
	}
	c.seldom().read = c.scheduler.since(t)
	c.scheduler.move(c.reader, c.rare.read)
	return nil
}

// SetWriteDeadline sets the deadline of Write. Send has its own, as an argument.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.closed {
		return net.ErrClosed
	}
	c.seldom().write = c.scheduler.since(t)
	c.scheduler.move(c.writer, c.rare.write)
	return nil
}

// LocalAddr is this end's address, a *net.TCPAddr. The kernel is asked at each call.
func (c *Conn) LocalAddr() net.Addr {
	local, _ := c.addresses()
	return net.TCPAddrFromAddrPort(local)
}

// RemoteAddr is the other end's address, a *net.TCPAddr. When the connection is broken or closed it is
// 0.0.0.0:0, as nobody remembers.
func (c *Conn) RemoteAddr() net.Addr {
	_, remote := c.addresses()
	return net.TCPAddrFromAddrPort(remote)
}

func (c *Conn) addresses() (local, remote netip.AddrPort) {
	nowhere := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if c.closed {
		return nowhere, nowhere
	}
	local, remote = c.scheduler.kernel.Addresses(int(c.fd))
	if !local.IsValid() {
		local = nowhere
	}
	if !remote.IsValid() {
		remote = nowhere
	}
	return local, remote
}

// Net is the listener as a net.Listener. What it accepts are *Conn.
func (l *Listener) Net() net.Listener { return netListener{l} }

type netListener struct{ listener *Listener }

func (l netListener) Accept() (net.Conn, error) {
	c, err := l.listener.Accept()
	if err != nil {
		return nil, netError(err)
	}
	return c, nil
}

func (l netListener) Close() error   { return netError(l.listener.Close()) }
func (l netListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.listener.at) }

// netError says the same as net does.
func netError(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, strand.ErrTimeout):
		return os.ErrDeadlineExceeded
	case errors.Is(err, ErrClosed):
		return net.ErrClosed
	}
	return err
}
