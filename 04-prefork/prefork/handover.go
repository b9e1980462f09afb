package prefork

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"
)

// A connection that the master has accepted.
type connection struct {
	Descriptor int
	Early      []byte `json:",omitempty"` // read from it already
}

// Window bounds the connections that were sent to a worker and that it has not told to have taken. A worker
// that takes one sends 5 bytes, so the window is open again at once; one that is busy or hangs for a moment
// keeps this many clients waiting, while others could serve them. When all windows are full the master
// accepts nothing: what comes stays in the kernel's queue, and beyond the backlog with the client.
const Window = 32

// accepted takes a connection from the door.
func (m *Master) accepted(c connection) {
	m.waiting = append(m.waiting, c)
	m.doorWaits = m.phase != freezing
	if !m.doorWaits { // the door is about to be closed, and what waits will wait in the program that comes
		m.machine.GoOn()
	}
	m.handOut()
}

// openDoor begins to accept, if that is the master's part.
func (m *Master) openDoor() {
	if m.config.Mode != Shared && m.serving != nil && !m.accepting && !m.stopping {
		m.accepting = true
		m.machine.Accept()
	}
}

// doorClosed takes the notice that nobody comes any more.
func (m *Master) doorClosed() {
	m.accepting = false
	m.drainWhenHandedOut()
	m.execWhenStill()
}

// handOut gives the connections that wait to those who have room for them, and lets the door go on when none
// is left.
func (m *Master) handOut() {
	for len(m.waiting) > 0 {
		c := m.waiting[0]
		if m.config.Mode == EachConnection {
			if len(m.workers) >= m.config.Workers || m.phase == freezing {
				return
			}
			m.startFor(c)
		} else {
			w := m.nextWithRoom()
			if w == nil {
				if m.stopping && !m.someoneTakes() {
					m.log.Warn("a connection is closed: no worker is left that could take it")
					unix.Close(c.Descriptor)
					m.waiting = m.waiting[1:]
					continue
				}
				return
			}
			m.handOver(w, c)
		}
		m.waiting = m.waiting[1:]
	}
	if m.doorWaits && len(m.waiting) == 0 {
		m.doorWaits = false
		m.machine.GoOn()
	}
	m.drainWhenHandedOut()
}

// handOver sends a connection to a worker. The master keeps a copy of the descriptor until the worker has
// said that the connection is its own: a descriptor in the socket buffer of a process that dies is gone.
func (m *Master) handOver(w *worker, c connection) {
	copied, err := unix.FcntlInt(uintptr(c.Descriptor), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		m.log.Warn("a connection is closed: the master has no descriptor left (ulimit -n)", "error", err)
		unix.Close(c.Descriptor)
		return
	}
	m.lastHanded = w.id
	w.handed = append(w.handed, c)
	m.send(w.id, typeConnection, c.Early, []int{copied})
}

// taken takes a worker's word that the oldest connection it was sent is its own now.
func (m *Master) taken(w *worker) {
	if len(w.handed) == 0 {
		m.kill(w, "it has taken a connection that it was not given")
		return
	}
	unix.Close(w.handed[0].Descriptor)
	w.handed = w.handed[1:]
	m.handOut()
}

// giveBack takes the connections that a worker was sent and has not taken. Its link has ended: it has read
// nothing of them, and will not. Others get them, before what came later.
func (m *Master) giveBack(w *worker) {
	m.waiting = append(w.handed, m.waiting...)
	w.handed = nil
	m.handOut()
}

// takes says whether a worker may be sent connections.
func (w *worker) takes() bool { return w.joined && !w.draining && !w.killed }

func (m *Master) someoneTakes() bool {
	for _, w := range m.workers {
		if w.takes() {
			return true
		}
	}
	return false
}

// nextWithRoom is the next worker in the round whose window is open; nil if all are full.
func (m *Master) nextWithRoom() *worker {
	var open []*worker
	for _, w := range m.workers {
		if w.takes() && len(w.handed) < Window {
			open = append(open, w)
		}
	}
	if len(open) == 0 {
		return nil
	}
	// The one after the last, in the order of their numbers; after the highest comes the lowest.
	slices.SortFunc(open, func(a, b *worker) int { return cmp.Compare(a.id, b.id) })
	i := slices.IndexFunc(open, func(w *worker) bool { return w.id > m.lastHanded })
	return open[max(i, 0)]
}

// startFor starts a process for one connection, as inetd did. It is not replaced when it ends: its slot is
// one of a retired generation.
func (m *Master) startFor(c connection) {
	w := m.newWorker("connection", &slot{generation: m.serving})
	process, err := m.machine.Spawn(w.id, w.name, m.serving.number, c.Descriptor)
	if err != nil {
		m.log.Warn("a connection is closed: no process can be started for it", "error", err)
		return
	}
	w.process, w.slot.worker = process, w
	m.workers[w.id] = w
	m.expectReady(w)
	if m.stopping {
		m.drain(w) // it has one request to answer, and none to wait for
	}
}

// drainWhenHandedOut drains the workers of a master that stops, when the door is closed and every connection
// that came through it has been sent to somebody: a drain follows them on the link. Where a process has one
// connection, and rests in it, it must go before there is room for the next.
func (m *Master) drainWhenHandedOut() {
	if m.stopping && (!m.accepting && len(m.waiting) == 0 || m.config.Mode == EachConnection) {
		for _, w := range m.inOrder() { // those of generations that were retired before are among them
			m.drain(w)
		}
		m.finish()
	}
}
