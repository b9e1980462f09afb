package prefork

import (
	"fmt"
	"slices"
	"time"
)

type generation struct {
	number   int
	slots    []*slot
	complete bool // all of its workers have been ready at one time
	retired  bool // its workers are not replaced any more
}

type slot struct {
	generation *generation
	worker     *worker // nil between two
	failures   int     // early deaths in a row
	delay      time.Duration
	stopTimer  func() // the one that will fill it again
}

const (
	// stableLife is how long a worker has to have been ready for its death to count as an accident, and
	// not as another step of a crash loop.
	stableLife = time.Second

	// The first replacement is immediate. The second waits firstDelay, each one after it twice as long
	// as the one before, and none longer than maxDelay: a loop at the bound costs a process in 5 s, and
	// a repaired cause is noticed in as many.
	firstDelay = 100 * time.Millisecond
	maxDelay   = 5 * time.Second

	// startAttempts is how many early deaths in a row one slot of a generation that is not complete yet
	// may have before the generation is given up.
	startAttempts = 5
)

// backOff returns how long a slot waits after a number of early deaths in a row.
func backOff(failures int) time.Duration {
	if failures <= 1 {
		return 0
	}
	return min(firstDelay<<min(failures-2, 16), maxDelay) // 16: beyond maxDelay, and no overflow
}

// reload begins a new generation beside the one that serves. While one is on its way, it is remembered:
// any number of times is once, as the next generation begins after all of them.
func (m *Master) reload() {
	switch {
	case m.leaves():
	case m.config.Mode == EachConnection:
		m.log.Info("nothing to reload: every connection's process is a new one")
	case m.coming != nil || m.phase != noUpgrade: // an upgrade that succeeds is a reload too
		if m.again == nil {
			m.again = m.begin
		}
	default:
		m.begin()
	}
}

// begin starts a generation. Where every connection has a process of its own there is one only, it is
// empty, and whoever joins it is not replaced.
func (m *Master) begin() {
	m.generations++
	g := &generation{number: m.generations}
	if m.config.Mode == EachConnection {
		g.retired = true
		m.becameComplete(g)
		return
	}
	m.coming = g
	for range m.config.Workers {
		g.slots = append(g.slots, &slot{generation: g})
	}
	for _, s := range g.slots {
		if !g.retired { // a start that fails may have ended it all
			m.fill(s)
		}
	}
}

// newWorker makes the next worker, without a process so far.
func (m *Master) newWorker(kind string, s *slot) *worker {
	m.last++
	return &worker{id: m.last, name: fmt.Sprintf("%s-%d", kind, m.last), slot: s, started: m.machine.Now(),
		stopTimer: func() {}, stopPulse: func() {}}
}

// fill starts a worker in an empty slot.
func (m *Master) fill(s *slot) {
	if m.phase == freezing { // what is started now, the program that comes would not know
		m.fillLater(s, firstDelay)
		return
	}
	w := m.newWorker("worker", s)
	process, err := m.machine.Spawn(w.id, w.name, s.generation.number, 0)
	if err != nil {
		m.failed(s, w, err.Error(), false)
		return
	}
	w.process, s.worker = process, w
	m.workers[w.id] = w
	m.expectReady(w)
}

func allReady(g *generation) bool {
	return !slices.ContainsFunc(g.slots, func(s *slot) bool { return s.worker == nil || !s.worker.ready })
}

// becameComplete makes a generation the one that serves, and sends the one before it away.
func (m *Master) becameComplete(g *generation) {
	g.complete = true
	old := m.serving
	m.serving, m.coming = g, nil
	m.log.Info("generation is ready", "generation", g.number, "workers", len(g.slots))
	if old == nil {
		m.openDoor()
		if m.config.Serving != nil {
			m.config.Serving()
		}
	} else {
		for _, w := range m.retire(old) {
			m.drain(w)
		}
	}
	m.goOn()
}

// goOn does what was asked for while something else was under way.
func (m *Master) goOn() {
	if again := m.again; again != nil {
		m.again = nil
		again()
	}
}

// failed decides how a slot goes on whose worker has ended without being told to.
func (m *Master) failed(s *slot, w *worker, why string, useless bool) {
	if w.ready && m.machine.Now().Sub(w.since) >= stableLife {
		s.failures = 0
	}
	s.failures++
	g := s.generation
	if !g.complete && (useless || s.failures >= startAttempts) {
		m.abandon(g, w, why)
		return
	}
	delay := backOff(s.failures)
	if delay == 0 || delay != s.delay { // a loop at the bound has been told of
		m.log.Warn("worker ended and is replaced", "worker", w.name, "status", why, "in", delay)
	}
	s.delay = delay
	m.fillLater(s, delay)
}

// fillLater fills a slot when some time has passed, unless its generation is retired before.
func (m *Master) fillLater(s *slot, delay time.Duration) {
	if delay == 0 {
		m.fill(s)
		return
	}
	s.stopTimer = m.machine.After(delay, func() { s.stopTimer = nil; m.fill(s) })
}

// abandon gives up a generation that does not come up. The one that serves goes on; if there is none, the
// master ends.
func (m *Master) abandon(g *generation, w *worker, why string) {
	for _, w := range m.retire(g) {
		m.end(w)
	}
	if m.coming == g {
		m.coming = nil
	}
	if m.serving != nil {
		m.log.Error("the new generation cannot start; the old one goes on", "generation", g.number, "worker", w.name, "status", why)
		m.goOn()
		return
	}
	m.log.Error("the workers cannot start: see what the first one said", "worker", w.name, "status", why)
	m.exit = 1
	m.stopping = true
	m.finish()
}

// retire ends the filling of a generation's slots, and returns the workers that are left in them.
func (m *Master) retire(g *generation) (left []*worker) {
	g.retired = true
	for _, s := range g.slots {
		if s.stopTimer != nil {
			s.stopTimer()
			s.stopTimer = nil
		}
		if s.worker != nil {
			left = append(left, s.worker)
		}
	}
	return left
}
