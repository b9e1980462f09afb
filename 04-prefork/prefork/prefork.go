// Package prefork is a master process and its workers: N processes of the same program that serve one
// port, with a link to the master each.
//
// Go cannot fork, because a fork copies one thread of a program that has many. A worker is therefore the
// same program started again; what a fork would have copied it is given by number (the listener, the
// link) and by environment (its name, its generation). The listener is one open file that all share.
//
// The contract: the end of a link is the death notice, in both directions. A worker whose link ends
// exits, so nobody outlives the master; a master that reads the end of a link reaps that worker and
// starts another, at once the first time and then ever later. One goroutine owns the master's state.
// Frames, deaths, signals and timers reach it on one channel, one after the other, so nothing here is
// locked. Ready is a message, never a delay: what says nothing is not ready.
//
// A reload is a second generation of workers beside the first. An upgrade in place is execve(2): the master
// becomes the program that is on disk now, its children stay its children, and a reload follows.
//
// Workers accept from the listener that they share; where the master accepts instead, it hands every
// connection to a worker as a descriptor (HandOver), or starts a process for it (EachConnection).
//
// What this package does not do: it knows no HTTP and no poller, and no worker's load: who takes what is
// the kernel's affair, or a round. Workers share nothing but the listener: whatever they must agree on goes
// through the master, in an [Application].
package prefork

import (
	"log/slog"
	"os"
	"os/signal"
	"time"
)

// A WorkerID names one worker process for the life of the master. A replacement has a number of its own:
// none is used twice.
type WorkerID int

// An Application is what a program adds to the master: what its workers have in common. All of it is
// called on the goroutine that owns the master's state, and so must not wait.
type Application interface {
	// Joined is called when a worker has said that it is ready.
	Joined(w WorkerID)

	// Left is called once for each worker that joined, when its link has ended and its last frame was
	// seen: after a drain, a death or a kill.
	Left(w WorkerID)

	// Frame is called with what a joined worker sent, in the order in which it was sent. The payload is
	// the application's to keep.
	Frame(w WorkerID, typ byte, payload []byte)
}

// Config says what to run.
type Config struct {
	// Workers is the number of processes in a generation, at least 1.
	Workers int

	// Mode says who accepts.
	Mode Mode

	// Listener is a raw listening descriptor in non-blocking mode, or 0 for none. Where workers accept they
	// inherit it. It stays the caller's to close, after Run; for an upgrade take it from [Listener]. Never take it from net.Listener.File: package os
	// believes that such a file may be made blocking again, and does so when it starts a process, and as
	// O_NONBLOCK lives in the open file it then goes for every process at once (fcntl(2), F_SETFL).
	Listener int

	// Args are the workers' arguments; nil means those of this process. Env is added to this process's
	// environment.
	Args []string
	Env  []string

	// Application is called once, before the first worker starts. It may be nil.
	Application func(*Master) Application

	// Serving is called once, when all workers of the first generation are ready. It may be nil.
	Serving func()

	// HangTimeout is how long a worker may take to answer when it is asked whether it still runs. 0 means
	// DefaultHangTimeout.
	HangTimeout time.Duration

	// DrainTimeout is how long a worker that was told to drain may take before it is killed;
	// StartTimeout how long one that was started may take to say that it is ready. 0 means
	// DefaultDrainTimeout and DefaultStartTimeout.
	DrainTimeout time.Duration
	StartTimeout time.Duration

	// StopDelay is how long before a stop an [Announcer] is told of it. 0: not at all.
	StopDelay time.Duration

	// Log is told what happens to workers. nil is silence.
	Log *slog.Logger
}

// A Mode says who accepts connections.
type Mode int

const (
	// Shared: the workers, from one listener that all inherit.
	Shared Mode = iota

	// HandOver: the master, which sends each connection to a worker, in turns, with what has arrived of it.
	HandOver

	// EachConnection: the master, which starts a process for each connection, as inetd did. Workers is how
	// many run at the same time; more wait in the listener's queue.
	EachConnection
)

const (
	// DefaultHangTimeout is longer than anything that a worker should do without a pause, and as long as
	// gunicorn's (its setting timeout).
	DefaultHangTimeout = 30 * time.Second

	// DefaultDrainTimeout covers the longest a request is given to arrive and an answer to leave (30 s
	// each in the stage commands would be 60 s; a request that is that slow twice is given up).
	DefaultDrainTimeout = 30 * time.Second

	// DefaultStartTimeout is ample for a program that starts in milliseconds, on a machine that swaps.
	DefaultStartTimeout = 30 * time.Second

	// ExitCannotStart is the exit status by which a worker says that starting it again is no use: its
	// configuration is wrong. Gunicorn uses the same number for the same thing.
	ExitCannotStart = 3
)

// Run is the master, until it is told to stop. It answers these signals:
//
//	TERM, INT  after StopDelay tell the workers to drain, wait for them, kill what is left after DrainTimeout;
//	           again: kill at once
//	HUP        start a new generation; when all of it is ready, drain the old one
//	USR2       become the program that lies on disk now, and start a new generation of it (upgrade in place)
//	QUIT       log the workers and their generations, and go on
//
// It returns the process's exit status: 0 after a stop, 1 when the first generation could not start (Log
// has been told why). All workers have been reaped then.
func Run(config Config) (exit int) {
	listenForSignals()
	defer signal.Stop(heard)
	return run(config, heard)
}

// run is Run with the signals that the caller brings.
func run(config Config, signals <-chan os.Signal) (exit int) {
	var system *system
	before, err := handedDown()
	if err == nil {
		system, err = newSystem(&config)
	}
	if err == nil && os.Getenv(checkVariable) != "" {
		err = errNoListener
	}
	if err != nil {
		config.Log.Error("the master cannot start", "reason", err)
		return 1
	}
	m := newMaster(config, system, before)
	system.master = m
	go system.forward(signals)
	if before != nil {
		m.adopt(before)
	} else {
		m.begin()
	}
	for !m.finished {
		(<-system.events)()
	}
	close(system.done)
	system.door.close()
	return m.exit
}

// Send sends a frame to a joined worker. The type is FirstApplicationType to LastApplicationType, the
// payload at most MaxPayload bytes; it is copied. Send never waits: a worker that has let LinkQueue bytes
// pile up is killed and replaced. To a worker that is gone nothing is sent; Left says so.
func (m *Master) Send(w WorkerID, typ byte, payload []byte) {
	m.SendDescriptors(w, typ, payload, nil)
}

// SendDescriptors is Send with up to MaxDescriptors descriptors, which arrive as the worker's own. They
// are closed here in every case, as soon as they are sent or cannot be.
func (m *Master) SendDescriptors(w WorkerID, typ byte, payload []byte, descriptors []int) {
	mustBeApplicationType(typ)
	m.send(w, typ, payload, descriptors)
}

// Workers returns those that joined and have not left, oldest first; draining ones are among them.
func (m *Master) Workers() []WorkerID {
	var joined []WorkerID
	for _, w := range m.inOrder() {
		if w.joined {
			joined = append(joined, w.id)
		}
	}
	return joined
}

// After calls fn once, on the goroutine that owns the state, when d has passed. After stop, which must
// be called on that goroutine too, it is not called any more.
func (m *Master) After(d time.Duration, fn func()) (stop func()) {
	return m.machine.After(d, fn)
}

// Post calls fn on the goroutine that owns the state. Any other goroutine may call it; it waits while
// that one is busy, and after the master's end it does nothing.
func (m *Master) Post(fn func()) { m.machine.Post(fn) }
