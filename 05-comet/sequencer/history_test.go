package sequencer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A naive history never forgets anything, and says what a right one has to say.
type naive struct {
	all   []*Message
	floor uint64 // below it everything was dropped
}

func (n *naive) since(topics []string, number uint64) (kept []uint64) {
	for _, m := range n.all {
		if m.Number > number && m.Number >= n.floor && slices.Contains(topics, m.Topic) {
			kept = append(kept, m.Number)
		}
	}
	return kept
}

func (n *naive) mark(topic string) (mark uint64) {
	for _, m := range n.all {
		if m.Number < n.floor && m.Topic == topic {
			mark = m.Number
		}
	}
	return mark
}

func numbers(messages []*Message) (all []uint64) {
	for _, m := range messages {
		all = append(all, m.Number)
	}
	return all
}

// agree compares a history with the naive one, for every topic and for some sets of them.
func agree(t *testing.T, r *rand.Rand, what string, h *History, n *naive, topics []string) {
	t.Helper()
	for _, topic := range topics {
		if got, want := h.Mark(topic), n.mark(topic); got != want {
			t.Fatalf("%s: the mark of %s is %d, want %d", what, topic, got, want)
		}
	}
	for range 5 {
		some := slices.Clone(topics)
		r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		some = some[:1+r.IntN(len(some))]
		after := r.Uint64N(h.Head() + 2)
		want := n.since(some, after)
		most := 1 + r.IntN(10)
		found, more := h.Since(some, after, most, 1<<20)
		if more != (len(want) > most) {
			t.Fatalf("%s: of %v after %d, at most %d of %d: more is %v", what, some, after, most, len(want), more)
		}
		if d := cmp.Diff(want[:min(len(want), most)], numbers(found)); len(want) > 0 && d != "" {
			t.Fatalf("%s: of %v after %d (-want +got): %s", what, some, after, d)
		}
	}
}

// A sequencer whose clock is moved by hand, with followers that are fed now and then: each agrees with the
// naive history whenever it has caught up, however it got there.
func TestHistoriesAgreeWithOneThatForgetsNothing(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		topics := []string{"a", "b", "c", "d", "e", "f"}
		now, model := noon, naive{floor: 1}
		followers := map[int]*History{}
		mail := map[int][]Frame{}
		limits := Limits{Messages: 1 + r.IntN(30), Bytes: 500 + r.IntN(5000), Age: time.Duration(1+r.IntN(60)) * time.Second}
		s := New(Config[int]{Epoch: 9, Limits: limits, Now: func() time.Time { return now },
			Send:  func(w int, f Frame) { mail[w] = append(mail[w], f) },
			After: func(time.Duration, func()) func() { return func() {} }})
		for step := range 120 {
			switch r.IntN(8) {
			case 0: // a follower comes, or comes back from where it was
				w := r.IntN(3)
				s.Joined(w)
				if followers[w] == nil || r.IntN(2) == 0 {
					followers[w] = &History{}
				}
				mail[w] = nil
				s.Frame(w, Frame{Kind: Follow, N: followers[w].Head()})
			case 1:
				now = now.Add(time.Duration(r.IntN(10)) * time.Second)
				s.trim()
				s.broadcast(s.history.news().frame(s.history.head))
			case 2: // mail is read
				for w := range 3 {
					for _, f := range mail[w] {
						if f.Kind == Piece {
							if _, _, ok := followers[w].Take(f); !ok {
								t.Fatalf("seed %d: a piece that is none: %v", seed, f)
							}
						}
					}
					mail[w] = nil
				}
			default:
				topic := topics[min(r.IntN(len(topics)), r.IntN(len(topics)))] // some are quiet
				s.Frame(9, Publishing(1, topic, fmt.Sprint("text", step, "          "[:r.IntN(10)])))
				model.all = append(model.all, &Message{Number: uint64(len(model.all) + 1), Topic: topic})
			}
			model.floor = s.history.Floor()
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			agree(t, r, what, &s.history, &model, topics)
			for w, h := range followers {
				if len(mail[w]) == 0 && s.workers[w] {
					agree(t, r, fmt.Sprint(what, ", follower ", w), h, &model, topics)
				}
			}
			if s.history.Len() > limits.Messages || s.history.Bytes() > limits.Bytes {
				t.Fatalf("%s: %d messages and %d bytes, beyond %+v", what, s.history.Len(), s.history.Bytes(), limits)
			}
		}
	}
}

// What is too old goes although nobody publishes, when the clock that After gives is over.
func TestAgeNeedsNobodyToPublish(t *testing.T) {
	b := newBench("a")
	b.Frame("a", Frame{Kind: Follow})
	b.Frame("a", Publishing(1, "news", "old"))
	b.sent, b.now = nil, noon.Add(DefaultLimits.Age+time.Second)
	b.silence()
	b.expect(t, "a H0=1")
	if b.history.Len() != 0 || b.history.Mark("news") != 1 {
		t.Errorf("%d messages, the mark is %d", b.history.Len(), b.history.Mark("news"))
	}
}

// Marks are bounded: the lowest are given up, and then every topic without one counts as dropped up to there.
func TestMarksAreBounded(t *testing.T) {
	var h History
	const topics = MarksMost + 100
	for n := range uint64(topics) {
		h.Append(&Message{Number: n + 1, Topic: fmt.Sprint("t", n)})
	}
	h.Drop(topics) // all but the last
	if h.marks != MarksMost || len(h.topics) > MarksMost+1 {
		t.Errorf("%d marks of %d topics", h.marks, len(h.topics))
	}
	const forgotten = topics - 1 - MarksMost
	for topic, want := range map[string]uint64{"t0": forgotten, "nobody's": forgotten, fmt.Sprint("t", topics-2): topics - 1} {
		if got := h.Mark(topic); got != want {
			t.Errorf("the mark of %s is %d, want %d", topic, got, want)
		}
	}
}

// Long texts are given in portions, each of at least one message.
func TestSinceIsBoundedInBytes(t *testing.T) {
	var h History
	for n := range uint64(5) {
		h.Append(&Message{Number: n + 1, Topic: "a", Text: string(make([]byte, 100))})
	}
	for bytes, want := range map[int]int{0: 1, 100: 1, 199: 1, 200: 2, 499: 4, 500: 5} {
		if found, more := h.Since([]string{"a"}, 0, 100, bytes); len(found) != want || more != (want < 5) {
			t.Errorf("of %d bytes: %d messages, more %v; want %d", bytes, len(found), more, want)
		}
	}
}
