// Package strand says what a concurrency model is, and writes a channel once over all of them.
//
// A strand is one line of control: an OS thread, or a coroutine of one scheduler. A handler that waits
// needs very little of what carries it: a place to sleep, a way to wake another's place, a clock, and
// a lock for what strands share. Those four are a [Model]. [Chan] is built from them and from nothing
// else, so a handler that waits on a Chan runs on every model unchanged.
//
// The one rule: never wait while holding the model's lock. On coroutines such a wait fails with
// [ErrLocked], always; on threads nothing can tell, and it is a deadlock.
//
// What this package does not do: it starts no thread, knows no socket and no HTTP. It does not work
// across processes: no channel shares a list, and stage 04 shows what that means.
package strand

import (
	"errors"
	"sync"
	"time"
)

// A Model is what carries strands of control: OS threads, or one scheduler's coroutines.
type Model interface {
	// Go starts fn on a strand of its own. The name is for people: task lists and reports.
	Go(name string, fn func())

	// NewWaiter returns a place to sleep. It may be kept and used again, by one strand at a time.
	NewWaiter() Waiter

	// NewWaiterFor is NewWaiter for one wait of a channel. Reports may tell the purpose.
	NewWaiterFor(p Purpose) Waiter

	// Now is the only clock that handlers see, so that time can be simulated.
	Now() time.Time

	// The lock guards what strands share. On coroutines it only counts, because a coroutine is
	// interrupted by nobody: what it does between two waits is atomic as it stands.
	sync.Locker
}

// Aside runs fn, which must not wait, where there is more room on the stack than a waiting strand should keep, if
// the model has such a place (see coro.Scheduler.Aside); otherwise it calls fn.
func Aside(m Model, fn func()) {
	if place, ok := m.(interface{ Aside(fn func()) }); ok {
		place.Aside(fn)
		return
	}
	fn()
}

// A Waiter is one strand's place to sleep. A Wake that comes before its Wait is not lost, and two of
// them are one: a Waiter remembers that it was woken, not how often.
type Waiter interface {
	// Wait sleeps until Wake, or until a time; the zero time waits for ever. It returns nil when it
	// was woken, and otherwise ErrTimeout, ErrCanceled or ErrLocked.
	Wait(until time.Time) error

	// Wake ends the Wait that is under way, or the next one. Any strand may call it.
	Wake()
}

// A Purpose is what a wait of a channel is for.
type Purpose uint8

// The three waits that channels have.
const (
	ToReceive Purpose = iota
	ToSend
	ToSelect
)

var (
	// ErrTimeout is returned by a wait whose time came first.
	ErrTimeout = errors.New("strand: the wait's time is over")

	// ErrCanceled is returned by a wait that somebody ended: the client of this strand went away, or
	// the server stops. Give back what you hold and return.
	ErrCanceled = errors.New("strand: the wait was canceled")

	// ErrLocked is returned by a wait that began while the model's lock was held.
	ErrLocked = errors.New("strand: waiting while holding the model's lock: Unlock first")

	// ErrClosed is returned by Recv on a channel that is closed and empty, and by Send on a closed one.
	ErrClosed = errors.New("strand: the channel is closed")
)
