package prefork

import (
	"errors"
	"fmt"
	"slices"
)

// An upgrade in place: the master becomes the program that lies on disk now, by execve(2). The process is
// the same, so its number is, and its children are its children; descriptors stay open. What the old
// program knew travels in a file without a name. In order:
//
//   - the program on disk is started once to say that it could take over; if it cannot, nothing has happened
//   - the door and the links stand still, and everything that was read from them is handled
//   - exec; the new program finds the state, adopts the workers, and starts a generation of its own
//   - when all of that is ready, the old workers drain, as after a reload

// A Keeper is an Application whose state survives an upgrade.
type Keeper interface {
	Application

	// Keep returns what the application in the new program has to know; Master.Kept gives it back there.
	// Nothing more is called afterwards, unless the upgrade fails and everything goes on. Timers (After)
	// and functions on their way (Post) do not survive: what they were for must be in the state. Frames
	// that were sent arrive, and so do those that are on their way from a worker.
	Keep() []byte
}

// Kept is what the application of the program before this one has left; nil if there was none. In the new
// program Joined is called for every worker that had joined before.
func (m *Master) Kept() []byte { return m.kept }

// A phase is how far an upgrade is.
type phase int

const (
	noUpgrade phase = iota
	checking        // the program on disk is being asked
	freezing        // links and door are coming to a stand
)

// upgrade begins an upgrade, or remembers one for when the generation that is on its way is complete.
func (m *Master) upgrade() {
	switch {
	case m.leaves() || m.phase != noUpgrade:
	case m.coming != nil:
		m.again = m.upgrade
	default:
		m.phase = checking
		m.machine.Check(m.checked)
	}
}

func (m *Master) checked(err error) {
	m.phase = noUpgrade
	if err != nil {
		m.log.Error("the program on disk cannot take over; nothing was changed", "reason", err)
		m.goOn()
		return
	}
	if m.leaves() {
		return
	}
	m.phase = freezing
	if m.accepting {
		m.machine.StopAccepting(false, m.doorClosed)
	}
	if m.doorWaits { // for somebody to take what it brought; that waits in the new program
		m.doorWaits = false
		m.machine.GoOn()
	}
	for _, w := range m.inOrder() {
		if !w.linkEnded {
			w.process.Freeze()
		}
	}
	m.execWhenStill()
}

func (m *Master) linkFrozen(id WorkerID) {
	m.workers[id].frozen = true
	m.execWhenStill()
}

// execWhenStill becomes the other program when nothing moves any more.
func (m *Master) execWhenStill() {
	if m.phase != freezing || m.accepting {
		return
	}
	for _, w := range m.workers {
		if !w.frozen && !w.linkEnded {
			return
		}
	}
	err := m.machine.Exec(func() bool { return !m.stopAsked }, m.state) // does not return if all is well
	if !errors.Is(err, errOvertaken) {
		m.log.Error("the upgrade failed; everything goes on as before", "reason", err)
	}
	m.thaw()
}

// thaw undoes what was prepared.
func (m *Master) thaw() {
	m.phase = noUpgrade
	for _, w := range m.inOrder() {
		if w.frozen && !w.linkEnded {
			w.frozen = false
			w.process.Thaw()
		}
	}
	m.openDoor()
	m.handOut()
	if m.stopAsked {
		m.stop()
		return
	}
	m.goOn()
}

// state writes down what the new program has to know. It shares nothing with the master, as descriptors in
// it will be given other numbers.
func (m *Master) state() (*state, error) {
	s := &state{Version: Version, Listener: m.config.Listener, Generations: m.generations, Last: m.last,
		Serving: m.serving.number, Waiting: slices.Clone(m.waiting)}
	for _, slot := range m.serving.slots {
		kept := slotState{Failures: slot.failures}
		if slot.worker != nil {
			kept.Worker = slot.worker.id
		}
		s.Slots = append(s.Slots, kept)
	}
	for _, w := range m.inOrder() {
		kept := workerState{ID: w.id, Name: w.name, Generation: w.slot.generation.number, Pid: w.process.Pid(),
			Started: w.started, Since: w.since, Ready: w.ready, Joined: w.joined, Draining: w.draining,
			Killed: w.killed, Ended: w.linkEnded, Handed: slices.Clone(w.handed)}
		if !w.linkEnded {
			var err error
			if kept.Link, err = w.process.Link(); err != nil {
				return nil, fmt.Errorf("the link of %s: %w", w.name, err)
			}
		}
		s.Workers = append(s.Workers, kept)
	}
	if keeper, ok := m.application.(Keeper); ok {
		s.Application = keeper.Keep()
	}
	return s, nil
}
