package swarm

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"example.com/c10k/05-comet/children"
)

// A tally counts how the clients of one child fare, and reports it to the parent. One strand at a time
// uses it.
type tally struct {
	assignment *assignment
	out        *json.Encoder

	open      int // clients that may exist by now, as ordered
	connected int
	sent      int
	unsent    int // clients that ended before they could send
	ended     int
	answers   []int64
	outcome   outcome
	reported  time.Time
}

// reportPause is the least time between two reports of progress. A person sees two a second; the parent
// must know sooner that all is sent, and that is reported at once.
const reportPause = 50 * time.Millisecond

// What happened to clients that are still there when the time is over.
const (
	faultSilent = "no answer in time"
	faultOpen   = "not opened in time"
)

func newTally(a *assignment, out io.Writer) *tally {
	return &tally{assignment: a, out: json.NewEncoder(out), answers: make([]int64, 0, a.Clients)}
}

// connects notes that a connection stands.
func (t *tally) connects() {
	t.connected++
	t.outcome.LastConnect = children.Clock()
}

// sends notes that a request is on its way.
func (t *tally) sends() {
	t.sent++
	t.progress(t.sent+t.unsent == t.open)
}

// answered notes a right answer, read at a moment of [children.Clock].
func (t *tally) answered(at int64) {
	t.answers = append(t.answers, at)
	t.ends()
}

// wrong notes an answer that should be another.
func (t *tally) wrong(kind string) {
	t.outcome.Wrong++
	t.outcome.Faults.Add(kind, 1)
	t.ends()
}

// lost notes a client that gets no answer any more, and whether it had asked for one.
func (t *tally) lost(kind string, sent bool) {
	if !sent {
		t.unsent++
	}
	t.outcome.Lost++
	t.outcome.Faults.Add(kind, 1)
	t.ends()
}

// ends reports the first end at once, because before the notify it is news, and the last.
func (t *tally) ends() {
	t.ended++
	t.progress(t.ended == 1 || t.ended == t.assignment.Clients)
}

// progress reports, if it matters or if it is time. A parent that is gone is no error here: the end of
// the standard input tells.
func (t *tally) progress(matters bool) {
	now := time.Now()
	if !matters && now.Sub(t.reported) < reportPause {
		return
	}
	t.reported = now
	t.out.Encode(report{Connected: t.connected, Sent: t.sent, Ended: t.ended})
}

// finish reports everything. Clients that still wait are lost: with their connection or without.
func (t *tally) finish() {
	last := t.outcome.clone()
	if waiting := t.sent + t.unsent - t.ended; waiting > 0 {
		last.Lost += waiting
		last.Faults.Add(faultSilent, waiting)
	}
	if missing := t.assignment.Clients - t.sent - t.unsent; missing > 0 {
		last.Lost += missing
		last.Faults.Add(faultOpen, missing)
	}
	for some := range slices.Chunk(t.answers, answersInReport) {
		t.out.Encode(report{Connected: t.connected, Sent: t.sent, Ended: t.ended, Answers: some})
	}
	t.out.Encode(report{Connected: t.connected, Sent: t.sent, Ended: t.ended, Outcome: last})
}
