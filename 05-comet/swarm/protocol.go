package swarm

import (
	"maps"
	"time"

	"example.com/c10k/05-comet/faults"
)

// What parent and child say to each other, in the lines of package children: an assignment, then orders; and
// reports back.

// An assignment is all that a child must know.
type assignment struct {
	Share
	Target string    `json:"target"` // address and port
	Host   string    `json:"host"`   // for the Host field
	Body   string    `json:"body"`   // what every answer must say
	Until  time.Time `json:"until"`  // when to stop waiting
}

// An order is what a parent says then: Open rises; Finish is the last.
type order struct {
	Open   int  `json:"open,omitempty"`   // open clients until there are so many, altogether
	Finish bool `json:"finish,omitempty"` // report what there is, and end
}

// A report is what a child says. Counts are totals, so the newest report is enough.
type report struct {
	Ready     bool     `json:"ready,omitempty"`     // it has its assignment: the first report
	Connected int      `json:"connected,omitempty"` // connections that stood
	Sent      int      `json:"sent,omitempty"`      // requests sent whole
	Ended     int      `json:"ended,omitempty"`     // clients that wait no more: answered or failed
	Answers   []int64  `json:"answers,omitempty"`   // when they were read, right ones only: children.Clock's nanoseconds
	Outcome   *outcome `json:"outcome,omitempty"`   // the last report
}

// answersInReport bounds the length of a line, to about 20 KB.
const answersInReport = 1000

// An outcome is how a child's clients fared, beside the answers it has reported.
type outcome struct {
	LastConnect int64         `json:"last_connect,omitempty"` // children.Clock's nanoseconds; 0: none connected
	Lost        int           `json:"lost,omitempty"`
	Wrong       int           `json:"wrong,omitempty"`
	Faults      faults.Counts `json:"faults,omitempty"`
}

// add joins another's outcome.
func (o *outcome) add(other *outcome) {
	o.LastConnect = max(o.LastConnect, other.LastConnect)
	o.Lost += other.Lost
	o.Wrong += other.Wrong
	o.Faults.Join(other.Faults)
}

func (o *outcome) clone() *outcome {
	c := *o
	c.Faults = maps.Clone(o.Faults)
	return &c
}
