package comet_test

import (
	"time"

	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
	"example.com/c10k/05-comet/sequencer"
)

const (
	address   = "10.0.0.1:80"   // of the server
	linksAt   = "10.0.0.1:1000" // of the master, for its workers
	drainTime = 8 * time.Second
)

// A master is the process that has the sequencer. What prefork does is done here in a few lines: workers are
// started and replaced, told to drain, and are gone when their link ends.
type master struct {
	*site
	kernel    *sim.Kernel
	scheduler *coro.Scheduler
	listener  int // of the clients; shared with the workers
	links     *coro.Listener

	order    *sequencer.Sequencer[int]
	lives    int // how often the master has become another program
	limits   sequencer.Limits
	spawned  map[byte]*worker // all that ever were, by number
	workers  map[int]*worker  // those that have joined and not left
	inOrder  []*worker        // the same, oldest first
	last     int
	coming   int // workers of a new generation that have not joined
	stopping bool
}

func (s *site) startMaster() {
	m := &master{site: s, spawned: map[byte]*worker{}, workers: map[int]*worker{}}
	s.master = m
	m.limits = sequencer.Limits{Messages: 1 + s.random.IntN(60), Bytes: 1000 + s.random.IntN(20_000), Age: time.Second + s.upTo(time.Minute)}
	s.world.Start("master", func(k *sim.Kernel) error {
		m.kernel = k
		m.scheduler = coro.New(k, coro.Options{Poison: true})
		return m.scheduler.Run(m.run)
	})
}

func (m *master) run() {
	var err error
	if m.listener, _, err = m.kernel.Listen(address, coro.ListenOptions{Backlog: 100}); err != nil {
		m.fail("the listener: %w", err)
		return
	}
	if m.links, err = m.scheduler.Listen(linksAt, coro.ListenOptions{Backlog: 100}); err != nil {
		m.fail("the links: %w", err)
		return
	}
	m.begin()
	for range 1 + m.random.IntN(3) {
		m.spawn()
	}
	for {
		c, err := m.links.Accept()
		switch err {
		case nil:
			m.scheduler.Go("link", func() { m.serve(c) })
		case coro.ErrNoDescriptors:
			m.scheduler.Sleep(10 * time.Millisecond)
		default:
			m.kernel.Close(m.listener)
			return
		}
	}
}

// begin makes a sequencer. What an earlier one has asked of the clock is not heard any more.
func (m *master) begin() {
	m.lives++
	life := m.lives
	m.order = sequencer.New(sequencer.Config[int]{Epoch: 4711, Limits: m.limits, Now: m.scheduler.Now,
		Send: func(w int, f sequencer.Frame) {
			if to := m.workers[w]; to != nil && life == m.lives {
				to.atMaster.send(byte(f.Kind), f.Payload())
			}
		},
		After: func(d time.Duration, fn func()) func() {
			stopped := false
			m.scheduler.Daemon("alarm", func() {
				if m.scheduler.Sleep(d) == nil && !stopped && life == m.lives {
					fn()
				}
			})
			return func() { stopped = true }
		}})
}

// upgrade is what USR2 does: the program becomes another, which gets a few bytes and the links.
func (m *master) upgrade() {
	state := m.order.Save()
	m.begin()
	if err := m.order.Restore(state); err != nil {
		m.fail("restore: %w", err)
	}
	for _, w := range m.inOrder {
		m.order.Joined(w.number)
	}
	m.seen.Upgrades++
	m.reload()
}

// reload starts as many workers as there are; the old ones are drained when the new ones have joined.
func (m *master) reload() {
	if m.stopping || m.coming > 0 || len(m.inOrder) == 0 {
		return
	}
	m.seen.Reloads++
	for _, w := range m.inOrder {
		w.retired = true
	}
	for range 1 + m.random.IntN(3) {
		m.coming++
		m.spawn().coming = true
	}
}

func (m *master) joined(w *worker) {
	w.hasJoined = true
	m.workers[w.number] = w
	m.inOrder = append(m.inOrder, w)
	m.order.Joined(w.number)
	if w.coming {
		m.arrived(w)
	}
}

// arrived counts a worker of a new generation that has come, or died on the way.
func (m *master) arrived(w *worker) {
	w.coming = false
	if m.coming--; m.coming == 0 {
		for _, old := range m.inOrder {
			if old.retired {
				old.atMaster.send(drain, nil)
			}
		}
	}
}

// drain is the only frame that is prefork's own.
const drain = 2

func (m *master) left(w *worker) {
	delete(m.workers, w.number)
	w.gone = true
	for i := range m.inOrder {
		if m.inOrder[i] == w {
			m.inOrder = append(m.inOrder[:i], m.inOrder[i+1:]...)
			break
		}
	}
	m.order.Left(w.number)
	m.replace(w)
}

func (m *master) replace(w *worker) {
	switch {
	case m.stopping:
		if len(m.inOrder) == 0 {
			m.links.Close()
		}
	case w.coming:
		w.retired = true
		m.arrived(w)
		m.spawn()
	case !w.retired:
		m.spawn()
	}
}

// await replaces a worker that does not say hello: its link broke before, or it was killed.
func (m *master) await(w *worker) {
	if m.scheduler.Sleep(startTime) == nil && !w.hasJoined && !m.stopping {
		m.world.Kill(w.kernel)
		w.gone = true
		m.replace(w)
	}
}

const startTime = 15 * time.Second

// stop drains everybody.
func (m *master) stop() {
	m.stopping = true
	for _, w := range m.inOrder {
		w.retired = true
		w.atMaster.send(drain, nil)
	}
	for _, w := range m.spawned {
		if !w.hasJoined && !w.gone {
			m.world.Kill(w.kernel)
		}
	}
	if len(m.inOrder) == 0 {
		m.links.Close()
	}
}

// killOne ends a worker as a SIGKILL does.
func (m *master) killOne() {
	if len(m.inOrder) > 0 && !m.stopping {
		m.seen.Killed++
		m.world.Kill(m.inOrder[m.random.IntN(len(m.inOrder))].kernel)
	}
}

// serve is one link at the master's side.
func (m *master) serve(c *coro.Conn) {
	defer c.Close()
	var w *worker
	l := newLink(m.scheduler, c)
	m.scheduler.Daemon("link's writer", l.write)
	l.read(func(typ byte, payload []byte) {
		if typ == hello {
			w = m.spawned[payload[0]]
			if w.atMaster = l; !w.gone && !m.stopping {
				m.joined(w)
			}
			return
		}
		f, ok := sequencer.Parse(typ, payload)
		if !ok {
			m.fail("a frame of type %d that is none", typ)
			return
		}
		if !w.hasJoined {
			return
		}
		before := m.order.Kept().Head()
		m.order.Frame(w.number, f)
		if fresh, _ := m.order.Kept().Since(topics, before, 1, 1); len(fresh) > 0 {
			m.ledger = append(m.ledger, fresh[0])
			m.quiet = m.scheduler.Now()
		}
		if kept := m.order.Kept(); kept.Len() > m.limits.Messages || kept.Bytes() > m.limits.Bytes {
			m.fail("the history has %d messages and %d bytes, beyond %+v", kept.Len(), kept.Bytes(), m.limits)
		}
	})
	l.end()
	if w != nil && w.hasJoined {
		m.left(w)
	}
}
