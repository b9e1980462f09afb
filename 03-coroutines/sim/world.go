// Package sim is a machine that does not exist: network, clock and processes in memory, driven by one
// seed. A [Kernel] of it is a coro.Kernel, so servers, clients and handlers run here unchanged.
//
// A [World] owns the clock, the network and the chance. It runs its processes one at a time, always on
// the goroutine that called [World.Run], and when all of them wait it moves the clock to whatever comes
// next: an hour of idling costs nothing. Whatever a real kernel may do, this one does more often: short
// reads and writes, ErrAgain, events in any order, packets that are late, resets, no descriptors left.
// It never lies for ever. The same seed gives the same calls with the same results, so a failure that
// was seen once in a million runs can be looked at as often as need be.
//
// What this package does not do: it makes no system call and measures nothing; it knows no packet loss
// (a late packet is what loss looks like above TCP), no threads and no preemption, so it cannot find a
// data race; and a real goroutine that calls Interrupt or Post brings an order that no seed decides.
package sim

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Options of a world.
type Options struct {
	Seed        uint64
	Faults      Faults    // the zero value is a world in which nothing goes wrong
	Window      int       // bytes that one direction of a connection holds; 0: 64 KiB
	Descriptors int       // that one process may have open; 0: a million and a half
	Calls       int       // after so many kernel calls a run counts as endless; 0: ten million
	Trace       io.Writer // a line for every call and its result; nil: only the fingerprint is kept
}

// Began is the time at which every world begins. Its clock never goes back, as time.Now's does not.
var Began = time.Date(2009, time.November, 10, 23, 0, 0, 0, time.UTC)

// A World is some processes, the network between them, and a clock. One goroutine uses it.
type World struct {
	// Random is for what a scenario leaves to chance: it is drawn from the same seed.
	Random *rand.Rand

	options   Options
	chance    *rand.Rand // what the world itself leaves to chance
	now       time.Duration
	future    future
	processes []*Kernel
	ports     map[netip.AddrPort]*port
	nextPort  uint16
	sources   int
	calls     int
	over      bool // every call fails from now on, so that whoever is left comes to an end
	wrong     []error
	trace     trace
}

// New makes an empty world.
func New(o Options) *World {
	if o.Window == 0 {
		o.Window = 64 << 10
	}
	if o.Descriptors == 0 {
		o.Descriptors = 1_500_000
	}
	if o.Calls == 0 {
		o.Calls = 10_000_000
	}
	return &World{
		Random:   rand.New(rand.NewPCG(o.Seed, 1)),
		options:  o,
		chance:   rand.New(rand.NewPCG(o.Seed, 2)),
		ports:    map[netip.AddrPort]*port{},
		nextPort: 20_000,
		trace:    trace{out: o.Trace, hash: fnvStart},
	}
}

// Start adds a process. Its body runs when Run does, or, if that is under way, soon. It makes a scheduler
// on the kernel that it is given, and returns what that scheduler's Run returned.
func (w *World) Start(name string, body func(*Kernel) error) *Kernel {
	k := &Kernel{world: w, name: name, until: 0, lowest: firstDescriptor}
	k.resume, k.end = iter.Pull(func(yield func(struct{}) bool) {
		k.yield = yield
		k.err = body(k)
	})
	w.processes = append(w.processes, k)
	return k
}

// Now is how long the world has lasted.
func (w *World) Now() time.Duration { return w.now }

// Fingerprint stands for everything that happened so far. Two runs of one seed have the same one.
func (w *World) Fingerprint() uint64 { return w.trace.hash }

// After has do called when so much time has passed: to kill a process, to cut a cable.
func (w *World) After(d time.Duration, do func()) { w.plan(d, action(do)) }

// Run runs all processes until they have ended, and returns everything that went wrong: a process that
// returned an error or left a descriptor open, a kernel that was used against its contract, a world in
// which everybody waits and nothing will ever happen. What was killed before its end is no error.
func (w *World) Run() error {
	for w.living() {
		w.catchUp()
		if k := w.pick(); k != nil {
			w.run(k)
		} else if w.living() && !w.leap() { // it may have been killed in this moment
			w.fail("the world stands still: %s", w.waiting())
			break
		}
	}
	verdict := errors.Join(w.wrong...)
	w.over = true
	for _, k := range w.processes {
		k.end() // of the killed ones too: their deferred calls run now, and reach nothing
	}
	return verdict
}

func (w *World) living() bool {
	return slices.ContainsFunc(w.processes, func(k *Kernel) bool { return k.state == alive })
}

// pick chooses among the processes that have something to do.
func (w *World) pick() *Kernel {
	var chosen *Kernel
	able := 0
	for _, k := range w.processes {
		if k.state == alive && k.able() {
			if able++; w.chance.IntN(able) == 0 {
				chosen = k
			}
		}
	}
	return chosen
}

func (w *World) run(k *Kernel) {
	if _, more := k.resume(); more {
		return
	}
	if k.state == alive {
		k.exit()
	}
}

// leap moves the clock to the next thing that happens, or says that there is none.
func (w *World) leap() bool {
	next, some := w.future.first()
	for _, k := range w.processes {
		if at, ever := k.wakes(); ever && (!some || at < next) {
			next, some = at, true
		}
	}
	if some {
		w.now = max(w.now, next)
	}
	return some
}

// Kill ends a process as a SIGKILL does: it never runs again, no deferred call is made, and its
// descriptors are closed by the kernel. One that kills itself runs on to its next Wait, and every call
// that it makes until then fails.
func (w *World) Kill(k *Kernel) {
	if k.state != alive {
		return
	}
	k.state = killed
	w.trace.record(w, k, "killed", 0, 0, nil)
	k.closeAll()
}

// fail notes what is wrong. The first few say enough.
func (w *World) fail(format string, of ...any) {
	if len(w.wrong) < 8 && !w.over {
		w.wrong = append(w.wrong, fmt.Errorf(format, of...))
	}
}

// waiting names those who wait, and since a world that stands still has no events, for ever.
func (w *World) waiting() string {
	text := ""
	for _, k := range w.processes {
		if k.state == alive {
			text += fmt.Sprintf("%s waits with %d descriptors open; ", k.name, k.open)
			if k.explain != nil {
				text += k.explain() + "; "
			}
		}
	}
	return text + "nothing is under way to them and no time will come"
}
