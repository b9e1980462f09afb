package audience

import (
	"time"

	"example.com/c10k/05-comet/latency"
)

// missingMost bounds how many different messages one process of clients remembers as missing. Publications
// in doubt are few (a worker that was killed had some in hand); what is beyond is lost, without a doubt.
const missingMost = 10_000

// A place is what one client has of one series.
type place struct {
	last  uint64 // the highest number that it got
	reset bool   // it was told of a gap, and has got nothing new of the series since
}

// An account is what the clients of one process got, all together. Its size does not grow with time: per
// client and series there is one number. What comes out of order counts as missing and then as doubled, for
// the order is promised too.
type account struct {
	layout
	run string

	tally
	missing map[missing]int
}

// A tally is what an account adds up to. JSON, from child to parent.
type tally struct {
	Received int `json:"received"` // messages that came, once each
	Doubled  int `json:"doubled"`  // that came again
	Repeated int `json:"repeated"` // that came again with a reset, which has a right to it
	Dropped  int `json:"dropped"`  // that the server said were missing, by a reset
	Foreign  int `json:"foreign"`  // texts that are not of this run, or of another topic
	Resets   int `json:"resets"`
	Beyond   int `json:"beyond"` // missing, and not in the list of those missing

	Times   latency.Histogram `json:"-"`
	Missing []missed          `json:"missing,omitempty"` // only at the end
}

// missing is a message that somebody did not get.
type missing struct {
	Series int    `json:"series"`
	Number uint64 `json:"number"`
}

// missed is one of those, and how many did not get it.
type missed struct {
	missing
	Clients int `json:"clients"`
}

func newAccount(l layout, run string) *account {
	return &account{layout: l, run: run, missing: map[missing]int{}}
}

// takes enters a text that a client of the topic got, at a moment of the clock.
func (a *account) takes(topic int, places []place, text string, at int64) {
	m, ok := parseMessage(text, a.run)
	of, nth := a.topicOf(m.series)
	if !ok || of != topic || nth >= len(places) {
		a.Foreign++
		return
	}
	p := &places[nth]
	switch {
	case m.number > p.last:
		a.skips(m.series, p, m.number)
		p.last, p.reset = m.number, false
		a.Received++
		a.Times.Add(time.Duration(at-m.sent), 1)
	case p.reset:
		a.Repeated++
	default:
		a.Doubled++
	}
}

// resets enters that a client was told of a gap.
func (a *account) resets(places []place) {
	a.Resets++
	for i := range places {
		places[i].reset = true
	}
}

// skips enters what lies between the last number of a series and the next one that came.
func (a *account) skips(series int, p *place, next uint64) {
	if p.reset {
		a.Dropped += int(next - p.last - 1)
		return
	}
	for number := p.last + 1; number < next; number++ {
		m := missing{series, number}
		if _, known := a.missing[m]; !known && len(a.missing) >= missingMost {
			a.Beyond += int(next - number)
			return
		}
		a.missing[m]++
	}
}

// behind tells whether a client of the topic has less than all; final is the last number of each series.
func (a *account) behind(topic int, places []place, final []uint64) bool {
	for nth := range places {
		if places[nth].last < final[topic+nth*a.Topics] {
			return true
		}
	}
	return false
}

// closes enters what a client of the topic has not got when all is over.
func (a *account) closes(topic int, places []place, final []uint64) {
	for nth := range places {
		series := topic + nth*a.Topics
		a.skips(series, &places[nth], final[series]+1)
	}
}

// add joins another's tally.
func (t *tally) add(o *tally) {
	t.Received += o.Received
	t.Doubled += o.Doubled
	t.Repeated += o.Repeated
	t.Dropped += o.Dropped
	t.Foreign += o.Foreign
	t.Resets += o.Resets
	t.Beyond += o.Beyond
	t.Missing = append(t.Missing, o.Missing...)
	t.Times.Merge(&o.Times)
}
