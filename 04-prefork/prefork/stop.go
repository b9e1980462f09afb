package prefork

// An Announcer is an Application that is told of a stop before it begins, if there is a StopDelay: it may say so
// to whoever asks, while everything is served as before.
type Announcer interface {
	Application

	// Stopping is called once, StopDelay before the workers are told to drain. Workers that die are replaced
	// meanwhile; reloads and upgrades are not begun any more.
	Stopping()
}

// stop announces a stop, or begins it if there is nobody to announce it to; a second one kills.
func (m *Master) stop() {
	if m.phase == freezing { // for a moment nobody can be told
		m.stopAsked = true
		return
	}
	again := m.leaves()
	if a, ok := m.application.(Announcer); ok && !again && m.config.StopDelay > 0 && m.serving != nil {
		m.log.Info("this server is about to stop", "in", m.config.StopDelay)
		m.announced = m.machine.After(m.config.StopDelay, m.drainAll)
		a.Stopping()
		return
	}
	if m.announced != nil {
		m.announced()
	}
	if !m.stopping {
		m.drainAll()
	}
	if again {
		for _, w := range m.inOrder() {
			m.end(w)
		}
	}
}

// leaves tells whether a stop was announced, or has begun.
func (m *Master) leaves() bool { return m.announced != nil || m.stopping }

// drainAll drains everybody, after the master itself has emptied the listener's queue if it accepts.
func (m *Master) drainAll() {
	m.stopping = true
	for _, g := range []*generation{m.serving, m.coming} {
		if g != nil {
			m.retire(g)
		}
	}
	if m.accepting {
		m.machine.StopAccepting(true, m.doorClosed)
	}
	m.drainWhenHandedOut()
	m.finish()
}

// finish ends the master when it stops and everybody has been reaped, and nobody comes any more.
func (m *Master) finish() { m.finished = m.stopping && len(m.workers) == 0 && !m.accepting }
