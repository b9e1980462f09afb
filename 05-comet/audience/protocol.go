package audience

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/05-comet/faults"
	"example.com/c10k/05-comet/latency"
	"example.com/c10k/05-comet/swarm"
)

// What parent and child say to each other, in the lines of package children: an assignment, then orders; and
// reports back.

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

// An order is what a parent says then: a Renewal when the server is sent a signal, Final when all is published, then
// Finish.
type order struct {
	Renewal int      `json:"renewal,omitempty"` // its number, from 1: count who comes back from now on
	Final   []uint64 `json:"final,omitempty"`   // the last number of each series: get this far
	Finish  bool     `json:"finish,omitempty"`
}

// A report is what a child says, every reportPause and when something is complete. Counts are totals.
type report struct {
	Began       int           `json:"began"`  // clients that have a cursor
	Behind      int           `json:"behind"` // after Final: clients that do not have everything; before: 0
	Closing     bool          `json:"closing,omitempty"`
	Renewal     int           `json:"renewal,omitempty"` // the newest that was ordered
	Back        int           `json:"back,omitempty"`    // clients that were told something over a connection made since
	Cut         int           `json:"cut,omitempty"`
	Connections int           `json:"connections,omitempty"`
	CPU         float64       `json:"cpu"` // seconds, user and system
	Faults      faults.Counts `json:"faults,omitempty"`
	tally
	Last  bool               `json:"last,omitempty"`
	Times *latency.Histogram `json:"times,omitempty"` // with the last
}

// reportPause is how often a child reports: often enough for a person, and to notice the end soon.
const reportPause = 200 * time.Millisecond

// ownCPU is what this process has used, in seconds (getrusage(2)).
func ownCPU() float64 {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
