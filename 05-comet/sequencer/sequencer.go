// Package sequencer puts what several processes do into one order.
//
// The clients of a comet server are spread over its worker processes. What somebody publishes must reach
// all of them, in the same order and with the same number; so the numbers are given out here, in the
// master, and the last messages are kept here, in a [History]. The hub of each worker follows: it says how
// far it has come, and is sent what comes after that. A worker that is new, or was replaced, follows from 0.
//
// The contract of 2009 has no numbers: /notify wakes whoever waits, and tells everybody how many that were.
// It takes two steps. Take: each worker sets its list of waiters aside and answers how long it is.
// Release n: everybody who was taken, and the notifier, gets n, the sum: the number taken, which is not the
// number delivered, as a client may leave or a worker die in between.
//
// What this package does not do: no I/O and no clock of its own. Frames come in and go out through
// functions, so that the links of prefork and a simulated network carry it alike. Its methods are called
// one at a time.
package sequencer

import (
	"slices"
	"time"
)

// A Config joins a sequencer to the world. W names a worker.
type Config[W comparable] struct {
	// Epoch tells this sequence of numbers from others: a number that is not 0 and most likely was never
	// used before.
	Epoch uint64

	Limits Limits

	// Send hands a frame to a worker. It must not call back.
	Send func(W, Frame)

	// After calls fn later, in the same one-at-a-time order as everything else, unless it is stopped first.
	After func(d time.Duration, fn func()) (stop func())

	Now func() time.Time

	// Report is what a survey of all processes hears of this one, first; nil: nothing.
	Report func() string
}

// DefaultLimits keep what a client can have missed who was away for some minutes: as long as a telephone
// is in a tunnel, or a server is being restarted. Each worker has a copy.
var DefaultLimits = Limits{Messages: 10_000, Bytes: 8 << 20, Age: 10 * time.Minute}

// A Sequencer orders what all workers do.
type Sequencer[W comparable] struct {
	send   func(W, Frame)
	after  func(time.Duration, func()) (stop func())
	now    func() time.Time
	report func() string
	epoch  uint64
	limits Limits

	workers  map[W]bool // true: it has all messages, and is sent the next one
	joined   []W        // the same workers, oldest first: so that what is sent has one order
	history  History
	closing  bool // workers that join are told too
	expiring bool // a look at the oldest message's age is due

	rounds []*round[W] // the first one runs
	last   uint64      // number of the newest round
}

// New makes a sequencer without workers and messages.
func New[W comparable](c Config[W]) *Sequencer[W] {
	return &Sequencer[W]{send: c.Send, after: c.After, now: c.Now, report: c.Report,
		epoch: c.Epoch, limits: c.Limits, workers: map[W]bool{}}
}

// Joined adds a worker, or one that another master had before (see Save). A round that runs does not ask
// it: it had nobody when the round began.
func (s *Sequencer[W]) Joined(w W) {
	if !s.has(w) {
		s.joined = append(s.joined, w)
	}
	s.workers[w] = false
	s.send(w, Frame{Kind: Begin, ID: s.epoch})
	if s.closing {
		s.send(w, Frame{Kind: Closing})
	}
}

// Close tells all hubs, and those that join from now on, that the server is about to stop. Everything else goes on.
func (s *Sequencer[W]) Close() {
	s.closing = true
	for _, w := range s.joined {
		s.send(w, Frame{Kind: Closing})
	}
}

// Left takes a worker out, and whatever it has not answered counts 0.
func (s *Sequencer[W]) Left(w W) {
	delete(s.workers, w)
	s.joined = slices.DeleteFunc(s.joined, func(other W) bool { return other == w })
	if len(s.rounds) > 0 && s.rounds[0].missing[w] {
		delete(s.rounds[0].missing, w)
		s.finish()
	}
}

// Frame takes a frame of a worker in.
func (s *Sequencer[W]) Frame(w W, f Frame) {
	switch f.Kind {
	case Publish:
		s.publish(w, f)
	case Follow:
		s.follow(w, f.N)
	case Where:
		s.send(w, Frame{Kind: Told, ID: f.ID, N: s.history.head})
	case Notify:
		s.queue(Take, asker[W]{w, f.ID})
	case Count:
		s.queue(Ask, asker[W]{w, f.ID})
	case Survey:
		s.queue(Query, asker[W]{w, f.ID})
	case Taken, Counted, Said:
		s.answered(w, f)
	}
}

// publish gives a message its number. The worker whose client published it gets the message before it is
// told the number: so it never knows less than that client.
func (s *Sequencer[W]) publish(w W, f Frame) {
	m, rest, ok := entry(f.Body)
	if !ok || rest != "" {
		s.send(w, Frame{Kind: Refused, ID: f.ID})
		return
	}
	m.Number, m.Time = s.history.head+1, s.now().UnixMilli()
	s.history.Append(m)
	s.history.Drop(s.history.trim(s.limits, s.now()))
	piece := s.history.news()
	piece.entries = appendEntry(nil, m)
	s.broadcast(piece.frame(m.Number))
	s.send(w, Frame{Kind: Told, ID: f.ID, N: m.Number})
	s.expire()
}

// trim drops what is beyond the limits, and tells whether there was any.
func (s *Sequencer[W]) trim() bool {
	before := s.history.Len()
	s.history.Drop(s.history.trim(s.limits, s.now()))
	return s.history.Len() < before
}

// expire looks at the messages' age from time to time while there are any, because nobody may publish for
// long. A message may outlive its age by a tenth.
func (s *Sequencer[W]) expire() {
	if s.expiring || s.history.Len() == 0 {
		return
	}
	s.expiring = true
	s.after(max(s.limits.Age/10, time.Second), func() {
		s.expiring = false
		if s.trim() {
			s.broadcast(s.history.news().frame(s.history.head))
		}
		s.expire()
	})
}

// Kept is the history, to look at.
func (s *Sequencer[W]) Kept() *History { return &s.history }
