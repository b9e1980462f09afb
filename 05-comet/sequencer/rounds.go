package sequencer

import (
	"encoding/binary"
	"time"
)

// A worker that dies in a round, or is silent for a second, counts 0. One that answers too late is told to
// put its list back: nobody may be woken who was not counted.
const (
	// silence is how long a worker may take to answer a round before it counts 0.
	silence = time.Second

	// roundsMost is how many rounds may wait for their turn; a further question is refused. Counts share
	// a round, so it takes as many notifies to get there.
	roundsMost = 1024
)

// A round is one question to all workers.
type round[W comparable] struct {
	id      uint64
	ask     Kind       // Take, Ask or Query
	askers  []asker[W] // who wants to know the sum
	missing map[W]bool // has not answered
	taken   []W        // has set its list aside
	sum     uint64     // of the numbers that were answered
	said    []byte     // the bodies that were answered, each with its length before it (uvarint)
	stop    func()     // the time-out
}

type asker[W comparable] struct {
	worker W
	id     uint64
}

// queue adds a question. A count joins a count that has not begun, if nothing else would come between them:
// the answer is the same. A survey does likewise.
func (s *Sequencer[W]) queue(ask Kind, from asker[W]) {
	if last := len(s.rounds) - 1; last > 0 && ask != Take && s.rounds[last].ask == ask {
		s.rounds[last].askers = append(s.rounds[last].askers, from)
		return
	}
	if len(s.rounds) >= roundsMost {
		s.send(from.worker, Frame{Kind: Refused, ID: from.id})
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
	for _, w := range s.joined {
		r.missing[w] = true
	}
	if r.ask == Query && s.report != nil {
		r.said = appendSaid(r.said, s.report())
	}
	s.limit(r)
	for _, w := range s.joined {
		s.send(w, Frame{Kind: r.ask, ID: r.id})
	}
	s.finish() // with no worker there is nobody to wait for
}

// limit ends a round in which somebody is silent.
func (s *Sequencer[W]) limit(r *round[W]) {
	r.stop = s.after(silence, func() {
		clear(r.missing)
		s.finish()
	})
}

func (s *Sequencer[W]) answered(w W, f Frame) {
	if len(s.rounds) == 0 || s.rounds[0].id != f.ID || !s.rounds[0].missing[w] {
		if f.Kind == Taken {
			s.send(w, Frame{Kind: Return, ID: f.ID})
		}
		return
	}
	r := s.rounds[0]
	delete(r.missing, w)
	r.sum += f.N
	switch f.Kind {
	case Taken:
		r.taken = append(r.taken, w)
	case Said:
		r.said = appendSaid(r.said, f.Body)
	}
	s.finish()
}

func appendSaid(all []byte, text string) []byte {
	return append(binary.AppendUvarint(all, uint64(len(text))), text...)
}

// finish ends the round that runs, once nobody is missing, and begins the next.
func (s *Sequencer[W]) finish() {
	for len(s.rounds) > 0 && len(s.rounds[0].missing) == 0 {
		r := s.rounds[0]
		r.stop()
		for _, w := range r.taken {
			if s.has(w) {
				s.send(w, Frame{Kind: Release, ID: r.id, N: r.sum})
			}
		}
		for _, a := range r.askers {
			if s.has(a.worker) {
				s.send(a.worker, Frame{Kind: Told, ID: a.id, N: r.sum, Body: string(r.said)})
			}
		}
		s.rounds[0] = nil
		if s.rounds = s.rounds[1:]; len(s.rounds) > 0 {
			s.begin()
			return // begin has called us for the next one
		}
	}
}

func (s *Sequencer[W]) has(w W) bool {
	_, here := s.workers[w]
	return here
}
