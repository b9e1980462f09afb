package sequencer

import "encoding/binary"

// pieceBytes is how much of the history goes into one frame to a hub that catches up. It asks for the
// next when it has this one, so that a link never holds more of it.
const pieceBytes = 256 << 10

// news is what a Piece carries: the head of all numbers, the floor below which everything was dropped,
// the highest mark that was given up, and entries, lowest number first: marks, then messages.
type news struct {
	head, floor, forgotten uint64
	entries                []byte
}

// newsHead is the size of what stands before the entries: head, floor and forgotten, in bytes.
const newsHead = 8 + 8 + 8

func (n news) frame(upTo uint64) Frame {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, newsHead+len(n.entries)), n.head)
	b = binary.BigEndian.AppendUint64(b, n.floor)
	b = binary.BigEndian.AppendUint64(b, n.forgotten)
	return Frame{Kind: Piece, N: upTo, Body: string(append(b, n.entries...))}
}

func (h *History) news() news {
	return news{head: h.head, floor: h.Floor(), forgotten: h.forgotten}
}

// after is the piece of history that follows a number. Marks are lower than what is kept, so that marks
// and messages are one sequence, and a hub that catches up needs only one number to say where it is: if
// something is dropped between two pieces, it is in the next one as a mark, or below its floor.
func (h *History) after(n uint64) Frame {
	piece, upTo := h.news(), h.head
	for t := h.oldest; t != nil; t = t.newer {
		if t.mark > n {
			piece.entries = appendEntry(piece.entries, &Message{Number: t.mark, Topic: t.name})
			if len(piece.entries) >= pieceBytes {
				return piece.frame(t.mark)
			}
		}
	}
	for _, m := range h.log[h.search(n+1):] {
		piece.entries = appendEntry(piece.entries, m)
		if len(piece.entries) >= pieceBytes {
			upTo = m.Number
			break
		}
	}
	return piece.frame(upTo)
}

// search returns the index of the first message from a number on.
func (h *History) search(n uint64) int {
	low, high := 0, len(h.log)
	for low < high {
		if middle := (low + high) / 2; h.log[middle].Number < n {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// Take takes in a Piece: the hub's side. It returns the new messages, and how far the sequencer is; while that
// is more than Head, there is more to Follow. false: it is no piece, or one out of order.
func (h *History) Take(f Frame) (messages []*Message, head uint64, ok bool) {
	if len(f.Body) < newsHead {
		return nil, 0, false
	}
	head, floor, forgotten := number(f.Body), number(f.Body[8:]), number(f.Body[16:])
	h.Drop(floor) // before marks are added, which are higher than what is dropped here
	rest := f.Body[newsHead:]
	for rest != "" {
		var m *Message
		if m, rest, ok = entry(rest); !ok {
			return nil, 0, false
		}
		switch {
		case m.Number <= h.head: // told before
		case m.Time == 0:
			h.setMark(h.topic(m.Topic), m.Number)
			h.head = m.Number
		default:
			h.Append(m)
			messages = append(messages, m)
		}
	}
	h.head = max(h.head, f.N)
	h.forget(forgotten)
	return messages, head, true
}

// follow answers a Follow. A hub is sent pieces, each when it asks for it, until it has everything; from
// then on each message as it comes.
func (s *Sequencer[W]) follow(w W, from uint64) {
	s.trim()
	piece := s.history.after(from)
	s.workers[w] = piece.N >= s.history.head
	s.send(w, piece)
}

// broadcast sends a piece to all hubs that have everything before it.
func (s *Sequencer[W]) broadcast(piece Frame) {
	for _, w := range s.joined {
		if s.workers[w] {
			s.send(w, piece)
		}
	}
}
