package sequencer

import "encoding/json"

// What a master hands to its successor when it becomes another program under the same number. The workers
// live on, and wait for the answers to what they have asked.
type saved[W comparable] struct {
	Epoch, Head, Forgotten, LastRound uint64
	Marks                             []savedMark
	Messages                          []*Message
	Rounds                            []savedRound[W]
}

type savedMark struct {
	Topic string
	Mark  uint64
}

type savedRound[W comparable] struct {
	ID      uint64
	Ask     Kind
	Askers  []savedAsker[W]
	Missing []W
	Taken   []W
	Sum     uint64
	Said    []byte
}

type savedAsker[W comparable] struct {
	Worker W
	ID     uint64
}

// Save returns everything that the sequencer knows, as bytes that Restore understands, of this version or
// a later one. Nothing may be sent or received after it, unless it is thrown away.
func (s *Sequencer[W]) Save() []byte {
	h := &s.history
	all := saved[W]{Epoch: s.epoch, Head: h.head, Forgotten: h.forgotten, LastRound: s.last, Messages: h.log}
	for t := h.oldest; t != nil; t = t.newer {
		all.Marks = append(all.Marks, savedMark{t.name, t.mark})
	}
	for _, r := range s.rounds {
		round := savedRound[W]{ID: r.id, Ask: r.ask, Taken: r.taken, Sum: r.sum, Said: r.said}
		for _, a := range r.askers {
			round.Askers = append(round.Askers, savedAsker[W]{a.worker, a.id})
		}
		for _, w := range s.joined {
			if r.missing[w] {
				round.Missing = append(round.Missing, w)
			}
		}
		all.Rounds = append(all.Rounds, round)
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // of numbers and strings: W is something else
	}
	return text
}

// Restore makes a new sequencer what the saved one was. Its workers are joined afterwards, each with Joined,
// and asked where they are. A round that was under way goes on with them.
func (s *Sequencer[W]) Restore(state []byte) error {
	var all saved[W]
	if err := json.Unmarshal(state, &all); err != nil {
		return err
	}
	s.epoch, s.last = all.Epoch, all.LastRound
	for _, m := range all.Marks {
		s.history.setMark(s.history.topic(m.Topic), m.Mark)
	}
	s.history.forget(all.Forgotten)
	for _, m := range all.Messages {
		s.history.Append(m)
	}
	s.history.head = all.Head
	for _, saved := range all.Rounds {
		r := &round[W]{id: saved.ID, ask: saved.Ask, taken: saved.Taken, sum: saved.Sum, said: saved.Said, missing: map[W]bool{}}
		for _, a := range saved.Askers {
			r.askers = append(r.askers, asker[W]{a.Worker, a.ID})
		}
		for _, w := range saved.Missing {
			r.missing[w] = true
		}
		s.rounds = append(s.rounds, r)
	}
	if len(s.rounds) > 0 {
		s.limit(s.rounds[0])
	}
	s.expire()
	return nil
}
