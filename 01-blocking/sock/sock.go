// Package sock is TCP sockets as the kernel has them: a descriptor is a number, and a call on it is a
// system call.
//
// Package net hides a readiness loop under every connection; this workspace builds that loop, so it
// starts below it. [Blocking] and [NonBlocking] are two types because they are called in two ways. A
// blocking call may take for ever, so the Go scheduler has to be told of it, and it costs an OS thread
// meanwhile. A non-blocking call cannot wait, so on Linux it is made raw, past the scheduler, which
// saves a fifth of a short call. A raw call on a blocking descriptor stops the whole program, the
// garbage collector included (raw_linux_test.go shows it): hence a type instead of a warning.
//
// Errors are this package's own values, compared with ==, so that a hot path allocates nothing.
//
// What this package does not do: it waits for nothing by itself (package poll does, in stage 02), it
// buffers nothing, it closes nothing that its owner forgot, and it does not remember who the peer is.
package sock

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Blocking is a descriptor in blocking mode: its calls wait in the kernel, and hold an OS thread while
// they do. Go gives up at 10,000 threads.
type Blocking int

// NonBlocking is a descriptor in non-blocking mode (O_NONBLOCK): its calls answer ErrAgain instead of
// waiting. Converting a number, NonBlocking(7), claims that it is in this mode; AdoptNonBlocking makes
// it so.
type NonBlocking int

// Options are what a listener may be given. TCP_NODELAY, SO_REUSEADDR, SO_KEEPALIVE and close-on-exec
// are not among them, as they are always set. On Linux an accepted connection inherits them from its
// listener (tcp_create_openreq_child copies the whole socket), which spares five calls for each
// connection; elsewhere Accept sets them again.
type Options struct {
	// Backlog is how many finished connections may wait for Accept; 0 means DefaultBacklog. The kernel
	// caps it without a word (Linux: /proc/sys/net/core/somaxconn, 4096).
	Backlog int

	// DeferAccept lets the kernel keep a connection to itself until the client has sent something, or
	// about a second has passed (TCP_DEFER_ACCEPT, value 1; tcp(7)). Linux only, ignored elsewhere.
	DeferAccept bool

	// ReusePort lets several listeners share one port, and the kernel spread connections over them
	// (SO_REUSEPORT; SO_REUSEPORT_LB on FreeBSD; macOS shares without spreading). Any process of the
	// same user may join, and connections queued on a listener that closes are reset.
	ReusePort bool
}

// DefaultBacklog is Linux's own limit since 5.4. A backlog has to hold what arrives while the server
// does something else; the older default of 128 drops clients when ten thousand connect at once.
const DefaultBacklog = 4096

// Reserved descriptors carry no connections that are served: standard input and output, the listener, a
// poller and the pair that wakes it, the Go runtime's own poller, a link to a master, a file or two that a
// handler opens, and the connections that are being told that there is no place for them.
const Reserved = 64

// ConnectionLimit is how many connections this process may serve at once: DescriptorLimit less Reserved.
// If that leaves none, the error says what to do.
func ConnectionLimit() (int, error) {
	limit := DescriptorLimit()
	if limit <= Reserved {
		return 0, fmt.Errorf("a limit of %d descriptors leaves none for connections: raise it, as with ulimit -n 1024", limit)
	}
	return limit - Reserved, nil
}

// DescriptorLimit is how many descriptors this process may have open at once: the soft RLIMIT_NOFILE as
// it is now (getrlimit(2)). The Go runtime has already raised it to the hard limit at the start.
func DescriptorLimit() int {
	const endless = 1<<31 - 1 // descriptors are C ints, so RLIM_INFINITY means no more than this
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		panic("sock: getrlimit failed, which no argument given here can cause: " + err.Error())
	}
	return int(min(uint64(limit.Cur), endless))
}
