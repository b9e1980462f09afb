// Package sequencer puts what several processes do into one order.
//
// The waiters of a comet server are spread over its worker processes; /notify must wake all of them and
// tell everybody the same number. So it has two steps, ordered here, in the master. Take: each worker sets
// its list of waiters aside and answers how long it is. Release n: everybody who was taken, and the
// notifier, gets n, the sum: the number taken, which is not the number delivered, as a client may leave or
// a worker die in between. `/` asks the workers in the same way.
//
// A worker that dies, or is silent for a second, counts 0. One that answers too late is told to put its
// list back: nobody may be woken who was not counted.
//
// What this package does not do: no I/O and no clock. Frames come in and go out through functions, so
// that the links of prefork and a simulated network carry it alike. Its methods are called one at a time.
package sequencer

import (
	"encoding/binary"
	"time"
)

// Kind is the type of a frame between a worker's hub and the sequencer.
type Kind byte

// What a hub sends. ID is the hub's own number for a question, or the round that it answers.
const (
	Notify  Kind = 'N' // somebody asked for /notify
	Count   Kind = 'C' // somebody asked how many wait
	Taken   Kind = 't' // the list of round ID was set aside; N is its length
	Counted Kind = 'c' // N wait here
)

// What the sequencer sends.
const (
	Take    Kind = 'T' // set your list aside
	Release Kind = 'R' // wake the list of round ID with N
	Return  Kind = 'B' // your answer to round ID came too late: back with it
	Ask     Kind = 'A' // how many wait with you?
	Told    Kind = 'D' // the answer to your question ID is N
	Refused Kind = 'X' // your question ID was one too many: come again later
)

// A Frame is one message, whose payload is two numbers.
type Frame struct {
	Kind Kind
	ID   uint64
	N    uint64
}

// Payload is the frame's two numbers as bytes: 16, big-endian.
func (f Frame) Payload() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), f.ID)
	return binary.BigEndian.AppendUint64(b, f.N)
}

// Parse reads a payload back; false if it is none.
func Parse(kind byte, payload []byte) (Frame, bool) {
	if len(payload) != 16 {
		return Frame{}, false
	}
	return Frame{Kind(kind), binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:])}, true
}

const (
	// silence is how long a worker may take to answer a round before it counts 0.
	silence = time.Second

	// roundsMost is how many rounds may wait for their turn; a further question is refused. Counts share
	// a round, so it takes as many notifies to get there.
	roundsMost = 1024
)

// A Sequencer orders the rounds of all workers. W names a worker.
type Sequencer[W comparable] struct {
	send  func(W, Frame)
	after func(time.Duration, func()) (stop func())

	workers map[W]bool
	rounds  []*round[W] // the first one runs
	last    uint64      // number of the newest round
}

// A round is one question to all workers.
type round[W comparable] struct {
	id      uint64
	ask     Kind       // Take or Ask
	askers  []asker[W] // who wants to know the sum
	missing map[W]bool // has not answered
	taken   []W        // has set its list aside
	sum     uint64     //
	stop    func()     // the time-out
}

type asker[W comparable] struct {
	worker W
	id     uint64
}

// New makes a sequencer without workers. send must not call back; after calls a function later, in the
// same one-at-a-time order as everything else, unless it is stopped first.
func New[W comparable](send func(W, Frame), after func(time.Duration, func()) (stop func())) *Sequencer[W] {
	return &Sequencer[W]{send: send, after: after, workers: map[W]bool{}}
}

// Joined adds a worker. A round that runs does not ask it: it had nobody when the round began.
func (s *Sequencer[W]) Joined(w W) { s.workers[w] = true }

// Left takes a worker out, and whatever it has not answered counts 0.
func (s *Sequencer[W]) Left(w W) {
	delete(s.workers, w)
	if len(s.rounds) > 0 && s.rounds[0].missing[w] {
		delete(s.rounds[0].missing, w)
		s.finish()
	}
}

// Frame takes a frame of a worker in.
func (s *Sequencer[W]) Frame(w W, f Frame) {
	switch f.Kind {
	case Notify:
		s.queue(Take, asker[W]{w, f.ID})
	case Count:
		s.queue(Ask, asker[W]{w, f.ID})
	case Taken, Counted:
		s.answered(w, f)
	}
}

// queue adds a question. A count joins a count that has not begun, if no notify would come between them:
// the answer is the same.
func (s *Sequencer[W]) queue(ask Kind, from asker[W]) {
	if last := len(s.rounds) - 1; last > 0 && ask == Ask && s.rounds[last].ask == Ask {
		s.rounds[last].askers = append(s.rounds[last].askers, from)
		return
	}
	if len(s.rounds) >= roundsMost {
		s.send(from.worker, Frame{Refused, from.id, 0})
		return
	}
	s.last++
	s.rounds = append(s.rounds, &round[W]{id: s.last, ask: ask, askers: []asker[W]{from}})
	if len(s.rounds) == 1 {
		s.begin()
	}
}

// begin asks all workers the first question in the queue.
func (s *Sequencer[W]) begin() {
	r := s.rounds[0]
	r.missing = make(map[W]bool, len(s.workers))
	for w := range s.workers {
		r.missing[w] = true
	}
	r.stop = s.after(silence, func() {
		clear(r.missing)
		s.finish()
	})
	for w := range s.workers {
		s.send(w, Frame{r.ask, r.id, 0})
	}
	s.finish() // with no worker there is nobody to wait for
}

func (s *Sequencer[W]) answered(w W, f Frame) {
	if len(s.rounds) == 0 || s.rounds[0].id != f.ID || !s.rounds[0].missing[w] {
		if f.Kind == Taken {
			s.send(w, Frame{Return, f.ID, 0})
		}
		return
	}
	r := s.rounds[0]
	delete(r.missing, w)
	r.sum += f.N
	if f.Kind == Taken {
		r.taken = append(r.taken, w)
	}
	s.finish()
}

// finish ends the round that runs, once nobody is missing, and begins the next.
func (s *Sequencer[W]) finish() {
	for len(s.rounds) > 0 && len(s.rounds[0].missing) == 0 {
		r := s.rounds[0]
		r.stop()
		for _, w := range r.taken {
			if s.workers[w] {
				s.send(w, Frame{Release, r.id, r.sum})
			}
		}
		for _, a := range r.askers {
			if s.workers[a.worker] {
				s.send(a.worker, Frame{Told, a.id, r.sum})
			}
		}
		s.rounds[0] = nil
		if s.rounds = s.rounds[1:]; len(s.rounds) > 0 {
			s.begin()
			return // begin has called us for the next one
		}
	}
}
