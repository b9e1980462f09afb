package sim

import (
	"errors"
	"sync/atomic"
	"time"

	"example.com/c10k/03-coroutines/coro"
)

// A Kernel is the machine as one simulated process sees it, and stands for that process.
type Kernel struct {
	world *World
	name  string

	table  []*file // what is open, by number; the lowest free number is given out first, as in Unix
	lowest int     // no number below this one is free
	open   int
	ready  []*file // those that may be ready for what is wanted of them

	resume      func() (struct{}, bool)
	end         func()
	yield       func(struct{}) bool
	until       time.Duration // what a Wait under way waits for; forever
	notBefore   time.Duration // the processor belongs to others until then
	interrupted atomic.Bool
	state       state
	err         error // what the body returned
	explain     func() string
}

var _ coro.Kernel = (*Kernel)(nil)

type state uint8

const (
	alive state = iota
	ended
	killed
)

const (
	forever = time.Duration(-1)

	firstDescriptor = 3 // 0 to 2 are taken in every process
)

// What calls answer, beside coro's errors.
var (
	ErrReset         = errors.New("sim: connection reset by peer")
	ErrBrokenPipe    = errors.New("sim: broken pipe: the other side does not read any more")
	ErrRefused       = errors.New("sim: connection refused: nobody listens there")
	ErrUnreachable   = errors.New("sim: connection timed out: the listener's queue stayed full")
	ErrInUse         = errors.New("sim: address in use: close the other listener first")
	ErrBadDescriptor = errors.New("sim: bad descriptor: it is not open")
	ErrOver          = errors.New("sim: the process was killed, or its world has ended")
)

// call begins every call: it takes time, so something may happen first. It fails for whom is dead.
func (k *Kernel) call() error {
	w := k.world
	if w.over || k.state != alive {
		return ErrOver
	}
	if w.calls++; w.calls > w.options.Calls {
		w.fail("%d calls and no end: somebody runs in circles", w.options.Calls)
		w.over = true
		return ErrOver
	}
	w.now += w.upTo(2 * time.Microsecond)
	w.catchUp()
	if k.state != alive { // that is what happened
		return ErrOver
	}
	return nil
}

// file finds what fd stands for.
func (k *Kernel) file(what string, fd int) (*file, error) {
	if err := k.call(); err != nil {
		return nil, err
	}
	if fd < 0 || fd >= len(k.table) || k.table[fd] == nil {
		k.world.fail("%s: %s of descriptor %d, which is not open", k.name, what, fd)
		return nil, ErrBadDescriptor
	}
	return k.table[fd], nil
}

// done ends a call: it is written down.
func (k *Kernel) done(what string, fd, n int, err error) (int, error) {
	k.world.trace.record(k.world, k, what, fd, n, err)
	return n, err
}

// install gives f the lowest free number.
func (k *Kernel) install(f *file) int {
	fd := k.lowest
	for fd < len(k.table) && k.table[fd] != nil {
		fd++
	}
	for fd >= len(k.table) {
		k.table = append(k.table, nil)
	}
	f.kernel, f.fd = k, fd
	k.table[fd] = f
	k.lowest = fd + 1
	k.open++
	return fd
}

// exhausted says whether another descriptor cannot be had, by the limit or by chance.
func (k *Kernel) exhausted() bool {
	w := k.world
	return k.open >= w.options.Descriptors || w.happens(w.options.Faults.Exhausted)
}

func (k *Kernel) remove(f *file) {
	k.table[f.fd] = nil
	k.lowest = min(k.lowest, f.fd)
	k.open--
	f.want, f.kernel = 0, nil
	if f.listener != nil {
		f.listener.leave(k.world, f)
	} else {
		f.end.close(k.world)
	}
}

// exit is the end of a process that returned. It should have closed everything itself.
func (k *Kernel) exit() {
	k.state = ended
	if k.err != nil {
		k.world.fail("%s: %w", k.name, k.err)
	}
	if k.open > 0 {
		k.world.fail("%s: ended with %d descriptors open, the first is %s", k.name, k.open, k.firstOpen())
	}
	k.closeAll()
}

func (k *Kernel) firstOpen() string {
	for _, f := range k.table {
		if f != nil {
			return f.String()
		}
	}
	return ""
}

func (k *Kernel) closeAll() {
	for _, f := range k.table {
		if f != nil {
			k.remove(f)
		}
	}
	k.ready = nil
}
