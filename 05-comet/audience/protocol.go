package audience

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/05-comet/latency"
	"example.com/c10k/05-comet/swarm"
)

// Parent and child speak in lines of JSON: orders on the child's standard input, reports on its standard
// output. A parent that dies closes the input, and a child that sees the end of its input ends at once; so no
// client outlives its run, however that ended.

// An order is what a parent says: first the assignment, then Final when all is published, then Finish.
type order struct {
	Assignment *assignment `json:"assignment,omitempty"`
	Final      []uint64    `json:"final,omitempty"` // the last number of each series: get this far
	Finish     bool        `json:"finish,omitempty"`
}

// An assignment is all that a child must know.
type assignment struct {
	swarm.Share
	layout
	Target  string  `json:"target"` // address and port
	Host    string  `json:"host"`   // for the Host field
	Run     string  `json:"run"`
	First   int     `json:"first"`   // the number of its first client
	Streams int     `json:"streams"` // clients below this number stream, the others poll
	Slow    int     `json:"slow"`    // those below this one read slowly
	Kills   float64 `json:"kills"`   // connections to cut in a second, of this child's
}

// A report is what a child says, every reportPause and when something is complete. Counts are totals.
type report struct {
	Began       int            `json:"began"`  // clients that have a cursor
	Behind      int            `json:"behind"` // after Final: clients that do not have everything; before: 0
	Closing     bool           `json:"closing,omitempty"`
	Cut         int            `json:"cut,omitempty"`
	Connections int            `json:"connections,omitempty"`
	CPU         float64        `json:"cpu"` // seconds, user and system
	Faults      map[string]int `json:"faults,omitempty"`
	tally
	Last  bool               `json:"last,omitempty"`
	Times *latency.Histogram `json:"times,omitempty"` // with the last
}

// reportPause is how often a child reports: often enough for a person, and to notice the end soon.
const reportPause = 200 * time.Millisecond

// clock reads the monotonic clock, in nanoseconds. All processes of one machine read the same one
// (clock_gettime(2)), so a moment in a child can be compared with a moment in the parent.
func clock() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return time.Now().UnixNano() // no system that this builds for lacks it
	}
	return now.Nano()
}

// ownCPU is what this process has used, in seconds (getrusage(2)).
func ownCPU() float64 {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
