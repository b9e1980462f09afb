package prefork

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A Master owns the workers. Its methods belong to one goroutine, the one that Run runs on; only Post may
// be called from elsewhere.
//
// A generation is a set of slots, and a slot is a place for one worker that is filled again when the
// worker ends, until the generation is retired. That is all the structure there is: a reload is a second
// generation beside the first, and a stop is no generation at all.
type Master struct {
	machine     machine
	config      Config
	log         *slog.Logger
	application Application // nil: none

	workers     map[WorkerID]*worker // every process that was not reaped yet
	last        WorkerID
	serving     *generation // nil until the first is complete
	coming      *generation // on its way; nil when none is
	generations int         // started so far
	again       func()      // a reload or an upgrade that was asked for while one was under way
	announced   func()      // takes back the timer of a stop that was announced; nil: none was
	stopping    bool
	finished    bool
	exit        int

	phase     phase  // of an upgrade
	stopAsked bool   // while everything stood still for it
	kept      []byte // what the program before left to the application

	accepting  bool         // the door is open
	doorWaits  bool         // it has brought a connection, and brings no other before GoOn
	waiting    []connection // accepted, and not given to anybody
	lastHanded WorkerID     // who was given the last one
}

type worker struct {
	id        WorkerID
	name      string
	slot      *slot
	process   process
	started   time.Time
	ready     bool      // it said so
	since     time.Time // when it did
	joined    bool      // Joined was called, and Left was not
	draining  bool      // it was told to
	killed    bool      // it was sent SIGKILL
	linkEnded bool      // nothing more will come from it
	frozen    bool      // its link stands still
	stopTimer func()    // the one that will kill it: for not being ready, for not being gone
	stopPulse func()    // the one that will ask it, or kill it for not answering

	handed []connection // sent to it, and not taken yet; at most Window
}

// exitGrace is how long a process may outlive its link: it is on its way out, or it hangs.
const exitGrace = time.Second

// newMaster makes a master; before is what the program has left that it takes over from, or nil.
func newMaster(config Config, machine machine, before *state) *Master {
	m := &Master{machine: machine, config: config, log: config.Log, workers: map[WorkerID]*worker{}}
	if before != nil {
		m.kept = before.Application
	}
	if config.Application != nil {
		m.application = config.Application(m)
	}
	return m
}

// send is Send for all types. What cannot be sent to ends soon, and Left tells of it.
func (m *Master) send(id WorkerID, typ byte, payload []byte, descriptors []int) {
	w := m.workers[id]
	if w == nil || w.killed {
		closeAll(descriptors)
		return
	}
	if err := w.process.Send(typ, payload, descriptors); err != nil && err != ErrLinkEnded {
		m.kill(w, err.Error())
	}
}

// arrived takes a frame from a worker.
func (m *Master) arrived(id WorkerID, f frame) {
	w := m.workers[id]
	switch {
	case len(f.descriptors) > 0:
		closeAll(f.descriptors)
		m.kill(w, "it sent descriptors, and the master takes none")
	case f.typ == typeReady && !w.ready:
		if !w.killed {
			m.becameReady(w)
		}
	case f.typ == typeTaken && w.ready:
		m.taken(w)
	case f.typ == typePong && w.ready:
		if !w.draining && !w.killed {
			m.expectPong(w)
		}
	case f.typ == typeLeaving && w.ready:
		m.drain(w)
	case f.typ < FirstApplicationType:
		m.kill(w, fmt.Sprintf("it sent a frame of type %d, which is not a worker's to send now", f.typ))
	case !w.ready:
		m.kill(w, "it sent a frame before it said that it is ready: call Ready first")
	case m.application != nil:
		m.application.Frame(id, f.typ, f.payload)
	}
}

func (m *Master) becameReady(w *worker) {
	w.ready, w.joined, w.since = true, true, m.machine.Now()
	w.stopTimer()
	m.expectPong(w)
	m.log.Debug("worker is ready", "worker", w.name, "pid", w.process.Pid())
	if m.application != nil {
		m.application.Joined(w.id)
	}
	if g := w.slot.generation; g == m.coming && allReady(g) {
		m.becameComplete(g)
	}
	m.handOut()
}

// expectReady kills a worker that does not say that it is ready.
func (m *Master) expectReady(w *worker) {
	w.stopTimer = m.machine.After(m.config.StartTimeout, func() { m.kill(w, "it did not say that it is ready") })
}

// linkEnded takes the notice that nothing more will come from a worker. err is io.EOF, or what the worker
// did to its link.
func (m *Master) linkEnded(id WorkerID, violation error) {
	w := m.workers[id]
	w.linkEnded = true
	w.stopPulse()
	if w.joined {
		w.joined = false
		if m.application != nil {
			m.application.Left(id)
		}
	}
	if violation != nil {
		m.kill(w, violation.Error())
	} else {
		m.expectExit(w)
	}
	m.giveBack(w)
	m.execWhenStill()
}

// expectExit kills a process that outlives its link.
func (m *Master) expectExit(w *worker) {
	w.stopTimer()
	w.stopTimer = m.machine.After(exitGrace, func() { m.kill(w, "its link has ended, and it did not exit") })
}

// ended takes the notice that a worker has been reaped. Its link has ended before.
func (m *Master) ended(id WorkerID, status exitStatus) {
	w := m.workers[id]
	w.stopTimer()
	w.stopPulse()
	delete(m.workers, id)
	w.slot.worker = nil
	if m.config.Mode == EachConnection {
		m.handOut() // there is room for another
	}
	switch {
	case m.stopping || w.slot.generation.retired:
		m.log.Debug("worker is gone", "worker", w.name, "pid", w.process.Pid(), "status", status)
		m.finish()
	default:
		m.failed(w.slot, w, status.String(), status.Code == ExitCannotStart && !w.ready)
	}
}

// drain tells a worker to accept nothing more, to finish what it has and to exit. One that is not ready
// has nothing to finish.
func (m *Master) drain(w *worker) {
	if w.draining || w.killed || w.linkEnded {
		return
	}
	if !w.ready && m.config.Mode != EachConnection { // where a process is for one connection, it has that
		m.end(w)
		return
	}
	w.draining = true
	m.expectDrain(w)
	m.send(w.id, typeDrain, nil, nil)
}

// expectDrain kills a worker that was told to drain and is not gone in time.
func (m *Master) expectDrain(w *worker) {
	w.stopPulse()
	w.stopTimer()
	w.stopTimer = m.machine.After(m.config.DrainTimeout, func() { m.kill(w, "it did not drain in time") })
}

// kill ends a worker that misbehaves.
func (m *Master) kill(w *worker, why string) {
	if !w.killed {
		m.log.Warn("worker is killed", "worker", w.name, "pid", w.process.Pid(), "reason", why)
		m.end(w)
	}
}

// end sends SIGKILL. What follows is as for any death: the link's end, then the status.
func (m *Master) end(w *worker) {
	w.killed = true
	w.stopTimer()
	w.stopPulse()
	w.process.Kill()
}

// signal takes a signal that the master was sent.
func (m *Master) signal(s os.Signal) {
	switch s {
	case unix.SIGTERM, unix.SIGINT:
		m.stop()
	case unix.SIGHUP:
		m.reload()
	case unix.SIGUSR2:
		m.upgrade()
	case unix.SIGQUIT:
		m.report()
	}
}

// report logs who there is.
func (m *Master) report() {
	m.log.Info("master", "pid", os.Getpid(), "workers", len(m.workers), "stopping", m.stopping)
	for _, w := range m.inOrder() {
		state := "starting"
		switch {
		case w.killed:
			state = "killed"
		case w.draining:
			state = "draining"
		case w.ready:
			state = "ready"
		}
		m.log.Info("worker", "worker", w.name, "pid", w.process.Pid(), "generation", w.slot.generation.number,
			"state", state, "age", m.machine.Now().Sub(w.started).Round(time.Millisecond))
	}
}

// inOrder returns the workers, oldest first.
func (m *Master) inOrder() []*worker {
	return slices.SortedFunc(maps.Values(m.workers), func(a, b *worker) int { return cmp.Compare(a.id, b.id) })
}
