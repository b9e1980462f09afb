// Package faults counts what went wrong with thousands of clients, equal faults together.
//
// A client that fails says so in a few words, its kind of fault: those of [Innermost], which name neither port nor
// descriptor, or of its own. [Counts] tells how many had each kind. The kinds are bounded, because a server that is
// wrong in ten thousand ways is described well enough by some of them; what is beyond is still counted.
//
// What this package does not do: it remembers no order and no moment, and judges nothing. One goroutine at a time
// uses a Counts.
package faults

import "errors"

const (
	// KindsMost is how many kinds are told apart.
	KindsMost = 16

	// Other is the kind that all further ones are counted as.
	Other = "other faults"
)

// Counts are numbers of faults by their kind. nil is none, and may be added to.
type Counts map[string]int

// Add counts n faults of a kind.
func (c *Counts) Add(kind string, n int) {
	if *c == nil {
		*c = Counts{}
	}
	if _, known := (*c)[kind]; !known && len(*c) >= KindsMost {
		kind = Other
	}
	(*c)[kind] += n
}

// Join adds all that another has counted.
func (c *Counts) Join(other Counts) {
	for kind, n := range other {
		c.Add(kind, n)
	}
}

// Innermost is the text of the innermost error: "connection reset by peer", whoever it was and wherever it happened.
func Innermost(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
