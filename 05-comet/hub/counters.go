package hub

import (
	"encoding/binary"
	"time"

	"example.com/c10k/05-comet/sequencer"
)

// Counters are what a hub says of itself. What is here now is counted when it is asked for; what has
// happened only grows.
type Counters struct {
	Waiting   int    `json:"waiting"`   // in Wait
	Listening int    `json:"listening"` // in Events
	Topics    int    `json:"topics"`    // for which somebody waits
	Head      uint64 `json:"head"`      // the highest number
	Kept      int    `json:"kept"`      // messages in the history
	Bytes     int    `json:"bytes"`     // that they hold

	// Waits. Those that have begun and not ended are waiting or listening.
	Begun uint64   `json:"begun"`
	Ended Outcomes `json:"ended"`

	Published uint64 `json:"published"` // here, with a number
	Fan       Fan    `json:"fan"`
}

// Outcomes is how many waits ended in which way.
type Outcomes struct {
	Notified uint64 `json:"notified"` // there was something
	Expired  uint64 `json:"expired"`  // the time was over
	Left     uint64 `json:"left"`     // the client went away, or the server stopped at once
	Drained  uint64 `json:"drained"`  // sent away by a drain
}

func (o *Outcomes) add(why outcome) {
	switch why {
	case notified:
		o.Notified++
	case expired:
		o.Expired++
	case left:
		o.Left++
	case drained:
		o.Drained++
	}
}

// Fan is how long it took to wake clients, from the news to the last one's answer being written; an answer
// that has to wait for its client's window is not waited for.
type Fan struct {
	Times   uint64            `json:"times"`
	Woken   uint64            `json:"woken"`
	Seconds float64           `json:"seconds"` // all together
	Last    float64           `json:"last"`    // the last one, in seconds
	Within  [fanBounds]uint64 `json:"within"`  // how many took at most FanBounds, and more than the bound before
}

const fanBounds = 10

// FanBounds are the upper bounds of Fan.Within, in seconds. What takes longer is in none of them.
var FanBounds = [fanBounds]float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1}

func (f *Fan) add(woken int, took time.Duration) {
	f.Times++
	f.Woken += uint64(woken)
	f.Last = took.Seconds()
	f.Seconds += f.Last
	for i, bound := range FanBounds {
		if f.Last <= bound {
			f.Within[i]++
			return
		}
	}
}

// Counters returns them as they are now.
func (h *Hub) Counters() Counters {
	h.model.Lock()
	defer h.model.Unlock()
	return h.count()
}

func (h *Hub) count() Counters {
	c := h.counters
	c.Waiting, c.Listening, c.Topics = h.present(), h.listening(), len(h.byTopic)
	c.Head, c.Kept, c.Bytes = h.history.Head(), h.history.Len(), h.history.Bytes()
	return c
}

// listening is how many are in Events.
func (h *Hub) listening() int {
	n := len(h.starting.waiters)
	for _, g := range h.groups {
		n += len(g.waiters)
	}
	return n
}

// Survey asks the hubs of all processes for their Report and returns what they said. A worker that is
// silent for a second is left out.
func (h *Hub) Survey() ([]string, error) {
	answer, err := h.ask(sequencer.Frame{Kind: sequencer.Survey})
	if err != nil {
		return nil, err
	}
	var said []string
	for rest := answer.Body; rest != ""; {
		n, size := binary.Uvarint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
		if size <= 0 || n > uint64(len(rest)-size) {
			break
		}
		said = append(said, rest[size:size+int(n)])
		rest = rest[size+int(n):]
	}
	return said, nil
}
