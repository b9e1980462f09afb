package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/c10k/02-selectors/poll"
)

// A file is what a descriptor stands for: a listener, or one end of a connection.
type file struct {
	kernel   *Kernel
	fd       int
	want     poll.Interest
	queued   bool // in the kernel's list of those that may be ready
	listener *port
	end      *end
}

func (f *file) String() string {
	if f.listener != nil {
		return fmt.Sprintf("%d, a listener at %v", f.fd, f.listener.at)
	}
	return fmt.Sprintf("%d, a connection", f.fd)
}

// is what the file is ready for, of what is wanted.
func (f *file) is() (ready poll.Interest) {
	if f.want == 0 {
		return 0
	}
	if f.listener != nil {
		if len(f.listener.queue) > 0 {
			ready = poll.Read
		}
		return ready & f.want
	}
	e := f.end
	if e.connecting {
		return 0
	}
	if e.arrived > 0 || e.finished || e.broken != nil || e.dead {
		ready |= poll.Read
	}
	if e.broken != nil || e.dead || e.shut || e.room(f.kernel.world) > 0 {
		ready |= poll.Write
	}
	return ready & f.want
}

// changed puts the file among those that may be ready. It is called whenever that may have become true.
func (f *file) changed() {
	if f != nil && f.kernel != nil && !f.queued && f.is() != 0 {
		f.queued = true
		f.kernel.ready = append(f.kernel.ready, f)
	}
}

// A port is a listener, which several processes may have.
type port struct {
	at       netip.AddrPort
	backlog  int
	deferred bool
	files    []*file
	queue    []*end // to be accepted
	silent   int    // connected, but with DeferAccept not to be accepted before their first bytes
}

func (p *port) file() *file {
	f := &file{listener: p}
	p.files = append(p.files, f)
	return f
}

// leave is called when a process closes the listener. After the last one, who waits in its queue is reset.
func (p *port) leave(w *World, f *file) {
	p.files = slices.DeleteFunc(p.files, func(other *file) bool { return other == f })
	if len(p.files) > 0 {
		return
	}
	delete(w.ports, p.at)
	for _, e := range p.queue {
		e.reset(w)
	}
	p.queue = nil
}

// enqueue makes a connection acceptable.
func (p *port) enqueue(w *World, e *end) {
	e.deferred = nil
	if len(p.files) == 0 {
		e.reset(w)
		return
	}
	p.queue = append(p.queue, e)
	for _, f := range p.files {
		f.changed()
	}
}

// An attempt is a connection request under way. If the queue is full it gets no answer, and is repeated
// after 1, 2, 4 … seconds, as Linux does (tcp_syn_retries in tcp(7)).
type attempt struct {
	client *end
	to     netip.AddrPort
	tries  int
}

const (
	mostTries   = 6
	deferredFor = time.Second // TCP_DEFER_ACCEPT with the value 1: then it is accepted without a byte
)

func (a *attempt) happen(w *World) {
	c := a.client
	p := w.ports[a.to]
	switch {
	case c.closed:
		return
	case p == nil:
		c.broken, c.dead = ErrRefused, true
	case len(p.queue)+p.silent >= p.backlog:
		if a.tries++; a.tries < mostTries {
			w.plan(time.Second<<(a.tries-1), a)
			return
		}
		c.broken, c.dead = ErrUnreachable, true
	default:
		a.establish(w, p)
	}
	c.connecting = false
	c.file.changed()
}

func (a *attempt) establish(w *World, p *port) {
	c, s := a.client, &end{local: a.to}
	c.peer, s.peer = s, c
	if w.happens(w.options.Faults.Reset) {
		w.plan(w.upTo(breaksWithin), &cut{c})
	}
	if !p.deferred {
		p.enqueue(w, s)
		return
	}
	s.deferred = p
	p.silent++
	w.plan(deferredFor, action(func() { s.appear(w) }))
}

// appear ends what DeferAccept keeps back.
func (e *end) appear(w *World) {
	if p := e.deferred; p != nil {
		p.silent--
		p.enqueue(w, e)
	}
}

// A cut breaks a connection for both sides.
type cut struct{ client *end }

func (c *cut) happen(w *World) {
	c.client.breaks(w)
	c.client.peer.breaks(w)
}

// source is where a connection comes from: at a given address, or at one of this machine's many. There
// are more of them than anybody needs.
func (w *World) source(from netip.Addr) netip.AddrPort {
	const ports, first = 28_000, 32_768
	n := w.sources
	w.sources++
	if !from.IsValid() {
		host := n / ports
		from = netip.AddrFrom4([4]byte{10, 1, byte(host >> 8), byte(host)})
	}
	return netip.AddrPortFrom(from, uint16(first+n%ports))
}

// latency is how long a packet takes.
func (w *World) latency() time.Duration {
	d := 20*time.Microsecond + w.upTo(200*time.Microsecond)
	if w.happens(w.options.Faults.Late) {
		d += w.upTo(latest)
	}
	return d
}
