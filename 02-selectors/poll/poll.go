// Package poll asks the kernel which descriptors are ready, in three verbs.
//
// A [Poller] is told what is wanted of a descriptor (Set: a declaration, so no add, modify and delete)
// and then asked what happened (Wait). It is level-triggered: what is ready and was not used up is
// reported again. The backends, select, poll, epoll and kqueue, are twins: the same functions in the
// same order, to be read as a diff.
//
// The contract with the owner of a descriptor: call Set(fd, 0) before close, always; and close a
// descriptor only after the batch of events that is being handled. So no event ever meets a reused
// number. One goroutine owns a Poller.
//
// What this package does not do: it knows no callbacks and no user data, it closes nobody's descriptors,
// and it has no way to interrupt a Wait (put a pipe or an eventfd in it).
package poll

import "time"

// Interest is what is wanted of a descriptor; an Event's Ready has the same bits.
type Interest uint8

const (
	// Read: a read would not block. The end of the stream, an error and a connection that waits to be
	// accepted are readable too.
	Read Interest = 1 << iota

	// Write: a write would not block, or would say why the connection failed.
	Write

	// Exclusive: when several processes wait for the same listener, wake one of them and not all. Only
	// epoll knows it (EPOLLEXCLUSIVE, Linux 4.5); the others ignore it. To set or leave it on a descriptor
	// that is watched costs two calls, as epoll_ctl refuses to modify it (epoll_ctl(2), EINVAL).
	Exclusive
)

// An Event says that a descriptor is ready. An error or a hang-up makes it ready for all that was wanted:
// the next read or write tells the reason.
type Event struct {
	FD    int32
	Ready Interest
}

// A Poller watches descriptors.
type Poller interface {
	// Set replaces what is wanted of fd; 0 forgets it, and forgetting an unknown fd is no error.
	Set(fd int, want Interest) error

	// Wait fills evs, which must have room for one event, and returns how many: at most one for each
	// descriptor. If more are ready than evs has room for, the next Wait begins with those. d < 0 waits
	// for ever, d == 0 only looks; a time is rounded up to what the kernel can count. A signal (EINTR) or
	// the time's end are 0 events and no error.
	Wait(evs []Event, d time.Duration) (int, error)

	// Close gives the poller's own descriptor back, if it has one.
	Close() error
}
