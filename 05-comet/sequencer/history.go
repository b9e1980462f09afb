package sequencer

import (
	"cmp"
	"slices"
	"time"
)

// A Message is what somebody published. It is read only, and shared by everybody who keeps it.
type Message struct {
	Number uint64 // from one counter for all topics: 1, 2, 3, …
	Time   int64  // when it got its number, in milliseconds since 1970
	Topic  string
	Text   string
}

// overhead is what a message costs beside its own bytes: the struct and its places in two lists.
const overhead = 96

func (m *Message) size() int { return len(m.Topic) + len(m.Text) + overhead }

// MarksMost bounds how many topics are remembered of which something was dropped. A mark is some 150
// bytes, so that all of them are about as much as the messages that they stand for.
const MarksMost = 16384

// A History is the last messages of all topics, oldest first, and marks for what was before them: the
// highest number that was dropped of each topic. A mark outlives its topic. When there are more than
// MarksMost the lowest goes, and with it the certainty about topics that have no mark of their own: of
// those, everything up to that number counts as dropped. A client may then be told of a gap that is none.
// It is never kept from knowing one that is.
type History struct {
	log       []*Message
	bytes     int
	head      uint64 // the highest number that is accounted for
	topics    map[string]*topic
	forgotten uint64 // the highest mark that was given up

	oldest, newest *topic // those with a mark, lowest first
	marks          int
}

type topic struct {
	name         string
	log          []*Message
	mark         uint64 // the highest number dropped; 0: nothing was
	older, newer *topic // among the marks
}

// Head is the highest number that is accounted for: messages up to it are kept, or were dropped.
func (h *History) Head() uint64 { return h.head }

// Floor is the lowest number that may be kept.
func (h *History) Floor() uint64 {
	if len(h.log) == 0 {
		return h.head + 1
	}
	return h.log[0].Number
}

// Len is how many messages are kept, and Bytes what they hold of memory, about.
func (h *History) Len() int   { return len(h.log) }
func (h *History) Bytes() int { return h.bytes }

// Mark is the highest number of a topic that was dropped, or may have been; 0: nothing was.
func (h *History) Mark(name string) uint64 {
	if t := h.topics[name]; t != nil {
		return max(t.mark, h.forgotten)
	}
	return h.forgotten
}

// Append adds the newest message. Its number is above Head.
func (h *History) Append(m *Message) {
	t := h.topic(m.Topic)
	t.log = append(t.log, m)
	h.log = append(h.log, m)
	h.bytes += m.size()
	h.head = m.Number
}

func (h *History) topic(name string) *topic {
	t := h.topics[name]
	if t == nil {
		t = &topic{name: name}
		if h.topics == nil {
			h.topics = map[string]*topic{}
		}
		h.topics[name] = t
	}
	return t
}

// Drop forgets the messages below a number. A message is dropped when all before it were, whatever its
// topic: so the marks are set in the order of the numbers, and their list is sorted without sorting.
func (h *History) Drop(floor uint64) {
	for len(h.log) > 0 && h.log[0].Number < floor {
		m := h.log[0]
		h.log[0] = nil
		h.log = h.log[1:]
		h.bytes -= m.size()
		t := h.topics[m.Topic]
		t.log[0] = nil
		t.log = t.log[1:]
		h.setMark(t, m.Number)
	}
}

// setMark raises a topic's mark to the highest of all.
func (h *History) setMark(t *topic, mark uint64) {
	h.unlink(t)
	t.mark = mark
	if t.older = h.newest; t.older != nil {
		t.older.newer = t
	} else {
		h.oldest = t
	}
	h.newest = t
	if h.marks++; h.marks > MarksMost {
		h.forget(h.oldest.mark)
	}
}

func (h *History) unlink(t *topic) {
	if t.mark == 0 {
		return
	}
	if t.older != nil {
		t.older.newer = t.newer
	} else {
		h.oldest = t.newer
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		h.newest = t.older
	}
	t.older, t.newer, t.mark = nil, nil, 0
	h.marks--
}

// forget gives up the marks up to a number.
func (h *History) forget(mark uint64) {
	for h.oldest != nil && h.oldest.mark <= mark {
		t := h.oldest
		h.unlink(t)
		if len(t.log) == 0 {
			delete(h.topics, t.name)
		}
	}
	h.forgotten = max(h.forgotten, mark)
}

// Limits bound what is kept. What is beyond any of them is dropped, oldest first.
type Limits struct {
	Messages int           // 0 or more
	Bytes    int           // of memory, about
	Age      time.Duration // of a message
}

// trim returns the lowest number that may stay.
func (h *History) trim(l Limits, now time.Time) (floor uint64) {
	tooOld := now.Add(-l.Age).UnixMilli()
	bytes := h.bytes
	for i, m := range h.log {
		if len(h.log)-i <= l.Messages && bytes <= l.Bytes && m.Time > tooOld {
			return m.Number
		}
		bytes -= m.size()
	}
	return h.head + 1
}

// Since returns the messages of the topics above a number, in order: so many of them, and of so many
// bytes of text, but at least one; more says that there are others. No topic is named twice.
func (h *History) Since(topics []string, number uint64, most, bytes int) (found []*Message, more bool) {
	for _, name := range topics {
		if t := h.topics[name]; t != nil {
			i, _ := slices.BinarySearchFunc(t.log, number+1, func(m *Message, n uint64) int { return cmp.Compare(m.Number, n) })
			found = append(found, t.log[i:min(len(t.log), i+most+1)]...)
		}
	}
	slices.SortFunc(found, func(a, b *Message) int { return cmp.Compare(a.Number, b.Number) })
	for i, m := range found {
		if i > 0 && (i == most || bytes < len(m.Text)) {
			return found[:i:i], true
		}
		bytes -= len(m.Text)
	}
	return found, false
}
