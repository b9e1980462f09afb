package conform

import (
	"bytes"
	"fmt"
	"strconv"
)

// A transcript remembers what was said last, so that a failure can show it. It is bounded: a case may
// exchange a megabyte, and a reader wants to see twelve lines.
type transcript struct{ said []utterance }

const (
	rememberedLines = 12  // a failure fits on a screen
	rememberedBytes = 160 // of each: a request line and some fields
)

// An utterance is what one side of one connection said without the other one speaking.
type utterance struct {
	client int
	verb   string
	start  []byte // the first bytes of it
	total  int
	times  int // how often it was said, with the one beside it
}

// add notes that something happened at a client's connection. Bytes that follow bytes are one utterance.
func (t *transcript) add(client int, verb string, b []byte) {
	last := len(t.said) - 1
	if last < 0 || t.said[last].client != client || t.said[last].verb != verb {
		t.fold()
		if len(t.said) == rememberedLines {
			t.said = append(t.said[:0], t.said[1:]...)
		}
		t.said = append(t.said, utterance{client: client, verb: verb, times: 1})
		last = len(t.said) - 1
	}
	u := &t.said[last]
	u.total += len(b)
	u.start = append(u.start, b[:min(len(b), rememberedBytes-len(u.start))]...)
}

// fold makes one pair of the last two pairs if they are the same: a case that asks until an answer changes
// would otherwise fill the transcript with its asking.
func (t *transcript) fold() {
	n := len(t.said)
	if n < 4 || !t.said[n-4].same(t.said[n-2]) || !t.said[n-3].same(t.said[n-1]) {
		return
	}
	t.said[n-4].times++
	t.said[n-3].times++
	t.said = t.said[:n-2]
}

func (u utterance) same(v utterance) bool {
	return u.client == v.client && u.verb == v.verb && u.total == v.total && bytes.Equal(u.start, v.start)
}

func (t *transcript) last() []string {
	var lines []string
	for _, u := range t.said {
		line := fmt.Sprintf("client %d %s", u.client, u.verb)
		if u.total > 0 {
			line += " " + strconv.Quote(string(u.start))
		}
		if more := u.total - len(u.start); more > 0 {
			line += fmt.Sprintf(" and %d bytes more", more)
		}
		if u.times > 1 {
			line += fmt.Sprintf(" (%d times)", u.times)
		}
		lines = append(lines, line)
	}
	return lines
}

// shorten quotes what came and keeps it on one line.
func shorten(s string) string {
	if len(s) > rememberedBytes {
		return fmt.Sprintf("%q and %d bytes more", s[:rememberedBytes], len(s)-rememberedBytes)
	}
	return strconv.Quote(s)
}
