package swarm

import (
	"maps"
	"time"

	"golang.org/x/sys/unix"
)

// Parent and child speak in lines of JSON: orders on the child's standard input, reports on its standard
// output. A parent that dies closes the input, and a child that sees the end of its input ends at once;
// so no client outlives its swarm, however that ended.

// An order is what a parent says. The first holds the assignment; then Open rises; Finish is the last.
type order struct {
	Assignment *assignment `json:"assignment,omitempty"`
	Open       int         `json:"open,omitempty"`   // open clients until there are so many, altogether
	Finish     bool        `json:"finish,omitempty"` // report what there is, and end
}

// An assignment is all that a child must know.
type assignment struct {
	Share
	Target string    `json:"target"` // address and port
	Host   string    `json:"host"`   // for the Host field
	Body   string    `json:"body"`   // what every answer must say
	Until  time.Time `json:"until"`  // when to stop waiting
}

// A report is what a child says. Counts are totals, so the newest report is enough.
type report struct {
	Ready     bool     `json:"ready,omitempty"`     // it has its assignment: the first report
	Connected int      `json:"connected,omitempty"` // connections that stood
	Sent      int      `json:"sent,omitempty"`      // requests sent whole
	Ended     int      `json:"ended,omitempty"`     // clients that wait no more: answered or failed
	Answers   []int64  `json:"answers,omitempty"`   // when they were read, right ones only: clock's nanoseconds
	Outcome   *outcome `json:"outcome,omitempty"`   // the last report
}

// answersInReport bounds the length of a line, to about 20 KB.
const answersInReport = 1000

// An outcome is how a child's clients fared, beside the answers it has reported.
type outcome struct {
	LastConnect int64          `json:"last_connect,omitempty"` // clock's nanoseconds; 0: none connected
	Lost        int            `json:"lost,omitempty"`
	Wrong       int            `json:"wrong,omitempty"`
	Faults      map[string]int `json:"faults,omitempty"`
}

// add joins another's outcome.
func (o *outcome) add(other *outcome) {
	o.LastConnect = max(o.LastConnect, other.LastConnect)
	o.Lost += other.Lost
	o.Wrong += other.Wrong
	for fault, n := range other.Faults {
		o.fault(fault, n)
	}
}

// maxFaults bounds how many kinds of fault are told apart: a server that is wrong in ten thousand ways is
// described well enough by some of them.
const maxFaults = 8

const otherFaults = "other faults"

func (o *outcome) fault(kind string, n int) {
	if o.Faults == nil {
		o.Faults = map[string]int{}
	}
	if _, known := o.Faults[kind]; !known && len(o.Faults) >= maxFaults {
		kind = otherFaults
	}
	o.Faults[kind] += n
}

func (o *outcome) clone() *outcome {
	c := *o
	c.Faults = maps.Clone(o.Faults)
	return &c
}

// clock reads the monotonic clock, in nanoseconds. All processes of one machine read the same one
// (clock_gettime(2)), so a moment in a child can be compared with a moment in the parent.
func clock() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return time.Now().UnixNano() // no system that this builds for lacks it
	}
	return now.Nano()
}
