package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// A Recording is what a recorder has, at one moment. Written as JSON it is a file that the drawing tool
// reads: Write and ReadRecording.
type Recording struct {
	Title   string        `json:"title"`
	End     time.Duration `json:"end"` // when this was taken, in nanoseconds since the recorder was made
	Dropped int           `json:"dropped,omitempty"`
	Events  []Event       `json:"events"` // in the order of their times
}

// Recording takes a copy of what was recorded up to now. A nil recorder gives an empty one.
func (r *Recorder) Recording(title string) *Recording {
	if r == nil {
		return &Recording{Title: title}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return &Recording{Title: title, End: r.now().Sub(r.start), Dropped: r.dropped, Events: slices.Clone(r.events)}
}

// Write writes the recording as JSON.
func (r *Recording) Write(w io.Writer) error {
	return json.NewEncoder(w).Encode(r)
}

// ReadRecording reads what Write wrote, and refuses keys that it does not know.
func ReadRecording(from io.Reader) (*Recording, error) {
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	var r Recording
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("this is no recording: %w", err)
	}
	return &r, nil
}

// A State is what a connection does between two events.
type State string

const (
	Queued  State = "queued"  // the client has connected, and nobody has accepted
	Running State = "running" // its strand computes, or is ready to
	Waiting State = "waiting" // its strand waits
)

// A Span is a time in one state.
type Span struct {
	From, To time.Duration
	State    State
	For      string // what a Waiting strand waits for
}

// A Lane is the life of one connection as spans without gaps. A time that the recording does not have, as it
// never came or was dropped, is Never.
type Lane struct {
	Connection, Strand int
	Connected          time.Duration
	Accepted           time.Duration
	Answered           time.Duration // the first write
	Closed             time.Duration
	Spans              []Span
}

// Never is the time of what did not happen.
const Never time.Duration = -1

// Lanes sorts the events by connections, in the order of their numbers.
func (r *Recording) Lanes() []*Lane {
	var lanes []*Lane
	carried := map[int]*Lane{} // by strands
	for _, e := range r.Events {
		if e.Connection == 0 {
			if lane := carried[e.Strand]; lane != nil {
				lane.take(e)
			}
			continue
		}
		for len(lanes) < e.Connection {
			lanes = append(lanes, &Lane{Connection: len(lanes) + 1, Connected: Never, Accepted: Never, Answered: Never, Closed: Never})
		}
		lane := lanes[e.Connection-1]
		if e.Strand != 0 {
			lane.Strand, carried[e.Strand] = e.Strand, lane
		}
		lane.take(e)
		if e.Kind == Close {
			delete(carried, e.Strand)
		}
	}
	for _, lane := range lanes {
		if lane.Closed == Never {
			lane.end(r.End)
		}
	}
	return lanes
}

// take adds one event to the lane it belongs to.
func (l *Lane) take(e Event) {
	switch e.Kind {
	case Connect:
		l.Connected = e.At
		if l.Accepted == Never { // a quick server accepts before its client knows that it is connected
			l.begin(e.At, Queued, "")
		}
	case Accept:
		l.Accepted = e.At
		l.begin(e.At, Running, "")
	case Park:
		l.begin(e.At, Waiting, e.For)
	case Resume:
		l.begin(e.At, Running, "")
	case Write:
		if l.Answered == Never {
			l.Answered = e.At
		}
	case Close:
		l.Closed = e.At
		l.end(e.At)
	}
}

func (l *Lane) begin(at time.Duration, s State, waitsFor string) {
	l.end(at)
	l.Spans = append(l.Spans, Span{From: at, To: at, State: s, For: waitsFor})
}

func (l *Lane) end(at time.Duration) {
	if n := len(l.Spans); n > 0 {
		l.Spans[n-1].To = at
	}
}
