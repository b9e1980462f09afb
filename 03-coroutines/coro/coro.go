// Package coro is a scheduler: coroutines on one thread, over a poller, with the reader's own eyes.
//
// Code that waits looks as if it blocked: Recv, Send, Accept, Sleep, a channel. Each of them parks its
// coroutine (iter.Pull carries it) and gives the reason why; the loop asks the [Kernel] what is ready,
// and resumes those whose reason is gone. A [Scheduler] is a strand.Model, so handlers and channels
// written for threads run on it unchanged.
//
// Between two waits nobody interrupts a coroutine: what it does there is atomic. Everything that belongs
// to a scheduler is used from its coroutines only; other goroutines call [Scheduler.Post].
//
// What this package does not do: it has no threads and uses one core; it does not preempt, so a coroutine
// that computes or blocks stops all others; it makes no system call, as those are the Kernel's; it knows
// no HTTP.
package coro

import (
	"errors"
	"net/netip"
	"time"

	"example.com/c10k/01-blocking/trace"
	"example.com/c10k/02-selectors/poll"
)

// A Kernel is what a scheduler stands on: this machine (package system), or its twin in memory with a
// clock of its own (package sim). Descriptors are non-blocking: a call that would wait returns ErrAgain.
type Kernel interface {
	// Listen opens a listener and says where: port 0 was turned into the one that was picked.
	Listen(addr string, o ListenOptions) (fd int, at netip.AddrPort, err error)
	Accept(listener int) (fd int, err error)

	// Connect begins a connection, from an address or, if that is not valid, from any. It is decided when
	// the descriptor is ready to write, and then Connected tells how.
	Connect(from netip.Addr, to netip.AddrPort) (fd int, err error)
	Connected(fd int) error

	Read(fd int, b []byte) (int, error) // io.EOF at the end of the stream
	Write(fd int, b []byte) (int, error)
	Shutdown(fd int) error // our direction only: a half-close

	// Finish is Write and, if all of b was taken, Shutdown: so the end can travel with the last bytes.
	Finish(fd int, b []byte) (int, error)

	// Addresses are a connection's two ends; those that nobody knows any more are not valid.
	Addresses(fd int) (local, remote netip.AddrPort)

	Close(fd int) error

	// Set and Wait are poll.Poller's. Wait also returns when Interrupt was called, with the events so far.
	Set(fd int, want poll.Interest) error
	Wait(events []poll.Event, d time.Duration) (int, error)

	// Interrupt ends the Wait under way or the next one. It is the only method that other goroutines call.
	Interrupt()

	Now() time.Time
}

// ListenOptions are the listener's; what is accepted inherits them.
type ListenOptions struct {
	Backlog     int  // connections that the kernel holds until they are accepted
	DeferAccept bool // TCP_DEFER_ACCEPT: accepted with its first bytes, so reading at once is worth it
}

// What a Kernel answers, beside errors that only the log wants to know.
var (
	ErrAgain         = errors.New("coro: not ready: wait, then try again")
	ErrAborted       = errors.New("coro: the connection was gone before it was accepted")
	ErrNoDescriptors = errors.New("coro: no descriptor is left: raise the limit (ulimit -n)")
)

// What a scheduler's own operations answer. Waits that end early return strand's errors.
var (
	// ErrOutside: a wait belongs into a coroutine, because somebody must be parked.
	ErrOutside = errors.New("coro: waiting outside a coroutine: call it from a function given to Go or Run")

	// ErrBusy: another coroutine already waits for this direction of the descriptor.
	ErrBusy = errors.New("coro: another coroutine already waits for this direction of the connection")

	// ErrClosed: the descriptor was closed, before the call or while it waited.
	ErrClosed = errors.New("coro: use of a closed connection")

	// ErrRunning: a scheduler has one Run at a time; more coroutines are started with Go.
	ErrRunning = errors.New("coro: Run is under way: start a coroutine with Go")

	// ErrLeft: the client left while its handler waited, so there is nobody to send to.
	ErrLeft = errors.New("coro: the client left while it was waiting")
)

// Options of a scheduler. The zero value is what a server wants.
type Options struct {
	// Slow is how long a coroutine may keep the thread to itself, and OnSlow is told the name of one that
	// took longer. 0: nobody looks at the clock for that.
	Slow   time.Duration
	OnSlow func(name string, took time.Duration)

	// Trace records what happens to accepted connections: their reads and writes, and the waits of the
	// coroutines that handle them. nil: not recorded.
	Trace *trace.Recorder

	// Poison overwrites lent bytes at every switch, so that a test sees who forgot to copy.
	Poison bool
}

// Bounds. Each is a number of things that one turn of the loop, or one connection, may have.
const (
	eventsPerWait = 256      // as many as are asked of the kernel at once; the rest is level-triggered, so it comes again
	readSize      = 64 << 10 // the read buffer, one for all connections: what one read may bring
	sendSize      = 64 << 10 // answers collected before they are written, one buffer for all connections
	earlyMost     = 16 << 10 // bytes of one connection that are kept while its handler waits; then it is a flood
	readsPerTurn  = 16       // reads that a coroutine may do before others get their turn
	idleMost      = 1024     // coroutines kept for reuse; a burst's remainder ends

	roomEvery = 5 * time.Millisecond // half of what the Go scheduler lets a goroutine run for
)
