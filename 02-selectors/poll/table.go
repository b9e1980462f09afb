package poll

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// What the twins share: a memory of what is wanted, and a way to count time.

// A table remembers what is wanted of each descriptor. The kernel always gives out the lowest free
// number, so the numbers are small and dense and a slice serves; it never shrinks.
type table []Interest

// get is 0 for a descriptor nobody has named.
func (t table) get(fd int) Interest {
	if fd < 0 || fd >= len(t) {
		return 0
	}
	return t[fd]
}

func (t *table) put(fd int, want Interest) {
	if missing := fd + 1 - len(*t); missing > 0 {
		*t = append(*t, make(table, missing)...)
	}
	(*t)[fd] = want
}

// directions leaves out Exclusive, which is no kind of readiness.
const directions = Read | Write

var errNoRoom = errors.New("poll: Wait was given no room for an event: pass at least one")

// refused is Set's answer to a number that cannot be one.
func refused(backend string, fd int) error {
	return fmt.Errorf("%s: %d is not a descriptor: was it closed already?", backend, fd)
}

// closedFirst is the answer to a breach of the contract: without Set(fd, 0) before close, events of the
// connection that gets this number next would be mixed up with the old one's.
func closedFirst(backend string, fd int) error {
	return fmt.Errorf("%s: descriptor %d was closed while it was watched: call Set(%d, 0) before close", backend, fd, fd)
}

// longest is the longest time that every backend can count, 24 days of milliseconds in a C int. A Wait
// that is given more ends then with 0 events, and its caller asks again.
const longest = math.MaxInt32 * time.Millisecond

// milliseconds rounds up, because a loop that waits 0 ms for a timer due in 0.4 ms spins until it is due.
// -1 is for ever.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((min(d, longest) + time.Millisecond - 1) / time.Millisecond)
}

// microseconds rounds up for the same reason; d is not negative.
func microseconds(d time.Duration) time.Duration {
	return (min(d, longest) + time.Microsecond - 1) / time.Microsecond
}
