package sequencer

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The publisher's own worker has the message when it is told its number; others have it in the same order.
func TestAPublisherIsToldAfterItsWorker(t *testing.T) {
	b := newBench("a", "b", "c")
	b.Frame("a", Frame{Kind: Follow})
	b.Frame("b", Frame{Kind: Follow})
	b.sent = nil
	b.Frame("a", Publishing(7, "news", "hello"))
	if got := strings.Join(b.sent, " "); got != "a H0=1 b H0=1 a D7=1" { // c does not follow yet
		t.Errorf("frames %s", got)
	}
}

func TestWhatIsNotAMessageIsRefused(t *testing.T) {
	b := newBench("a")
	for name, body := range map[string]string{
		"nothing":        "",
		"a foreign name": Publishing(0, "ä", "x").Body,
		"no name":        Publishing(0, "", "x").Body,
		"a long name":    Publishing(0, strings.Repeat("x", MaxTopic+1), "x").Body,
		"a long text":    Publishing(0, "a", strings.Repeat("x", MaxText+1)).Body,
		"half":           Publishing(0, "a", "hello").Body[:30/2],
		"too much":       Publishing(0, "a", "hello").Body + "!",
	} {
		b.Frame("a", Frame{Kind: Publish, ID: 3, Body: body})
		if got := strings.Join(b.sent, " "); got != "a X3=0" {
			t.Errorf("%s: %s", name, got)
		}
		b.sent = nil
	}
	if b.history.Head() != 0 {
		t.Errorf("a number was given: %d", b.history.Head())
	}
}

// A long history comes in pieces, each of which is asked for, and what is published meanwhile comes once.
func TestALongHistoryComesInPieces(t *testing.T) {
	var frames []Frame
	s := New(Config[int]{Epoch: 3, Limits: Limits{Messages: 1000, Bytes: 1 << 30, Age: time.Hour},
		Now: func() time.Time { return noon }, Send: func(_ int, f Frame) { frames = append(frames, f) },
		After: func(time.Duration, func()) func() { return func() {} }})
	const messages = 100
	text := strings.Repeat("x", MaxText/2)
	for range messages {
		s.Frame(0, Publishing(0, "a", text))
	}
	s.Joined(1)
	var h History
	var all []uint64
	pieces := 0
	for head := uint64(1); h.Head() < head; pieces++ {
		frames = nil
		s.Frame(1, Frame{Kind: Follow, N: h.Head()})
		if pieces == 2 {
			s.Frame(0, Publishing(0, "a", "meanwhile"))
		}
		for _, f := range frames {
			if f.Kind != Piece {
				continue
			}
			if len(f.Body) > pieceBytes+MaxText+200 {
				t.Errorf("a piece of %d bytes", len(f.Body))
			}
			messages, now, ok := h.Take(f)
			if !ok {
				t.Fatal("a piece that is none")
			}
			all, head = append(all, numbers(messages)...), now
		}
	}
	if pieces < 10 || len(all) != messages+1 {
		t.Errorf("%d messages in %d pieces", len(all), pieces)
	}
	for i, n := range all {
		if n != uint64(i+1) {
			t.Fatalf("the messages are %v", all)
		}
	}
}

// A survey collects what everybody says, whoever is silent.
func TestASurvey(t *testing.T) {
	b := newBench("a", "b", "c")
	b.Frame("b", Frame{Kind: Survey, ID: 5})
	b.expect(t, "a Q1=0 b Q1=0 c Q1=0")
	b.Frame("a", Frame{Kind: Said, ID: 1, Body: "I am a"})
	b.Left("b")
	b.Frame("c", Frame{Kind: Said, ID: 1, Body: ""})
	b.expect(t, "") // who asked is gone
	b.Frame("a", Frame{Kind: Survey, ID: 6})
	b.Frame("a", Frame{Kind: Said, ID: 2, Body: "x"})
	b.silence()
	b.expect(t, `a D6=0"\x01x" a Q2=0 c Q2=0`)
}

// Where the sequencer lives is a process too: what it says comes first, and in surveys only.
func TestASurveyHearsTheMaster(t *testing.T) {
	b := newBench("a")
	b.report = func() string { return "master" }
	b.Frame("a", Frame{Kind: Survey, ID: 5})
	b.expect(t, "a Q1=0")
	b.Frame("a", Frame{Kind: Said, ID: 1, Body: "x"})
	b.expect(t, `a D5=0"\x06master\x01x"`)
	b.Frame("a", Frame{Kind: Count, ID: 6})
	b.Frame("a", Frame{Kind: Counted, ID: 2, N: 3})
	b.expect(t, "a A2=0 a D6=3")
}

// That the server is about to stop is told to everybody, and to who comes later.
func TestClosingIsTold(t *testing.T) {
	b := newBench("a", "b")
	b.Close()
	b.expect(t, "a L0=0 b L0=0")
	b.Joined("c")
	b.expect(t, "c E1=0 c L0=0")
}

// What a master hands to its successor is everything: numbers, messages, marks, and a round under way.
func TestASavedSequencerGoesOn(t *testing.T) {
	old := newBench("a", "b")
	old.limits.Messages = 3
	for n := range 6 {
		old.Frame("a", Publishing(uint64(n), fmt.Sprint("t", n%2), "text"))
	}
	old.Frame("a", Frame{Kind: Notify, ID: 40})
	old.Frame("a", Frame{Kind: Taken, ID: 1, N: 5})
	old.Frame("b", Frame{Kind: Count, ID: 41})
	state := old.Save()

	b := newBench()
	if err := b.Restore(state); err != nil {
		t.Fatal(err)
	}
	b.Joined("a")
	b.Joined("b")
	b.expect(t, "a E1=0 b E1=0")
	if h := b.Kept(); h.Head() != 6 || h.Len() != 3 || h.Mark("t0") != 3 || h.Mark("t1") != 2 {
		t.Errorf("head %d, %d messages, marks %d and %d", h.Head(), h.Len(), h.Mark("t0"), h.Mark("t1"))
	}
	b.Frame("b", Frame{Kind: Taken, ID: 1, N: 2})
	b.expect(t, "a A2=0 a D40=7 a R1=7 b A2=0 b R1=7")
	b.Frame("a", Publishing(8, "t0", "next"))
	b.expect(t, "a D8=7")

	if err := newBench().Restore(state[:len(state)/2]); err == nil {
		t.Error("half a state was taken for one")
	}
}
