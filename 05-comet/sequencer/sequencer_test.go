package sequencer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A bench is a sequencer whose frames are written down and whose time stands until it is told to end.
type bench struct {
	*Sequencer[string]
	sent   []string
	alarms []func()
	now    time.Time
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newBench(workers ...string) *bench {
	b := &bench{now: noon}
	b.Sequencer = New(Config[string]{Epoch: 1, Limits: DefaultLimits, Now: func() time.Time { return b.now },
		Send: func(w string, f Frame) {
			line := fmt.Sprintf("%s %c%d=%d", w, f.Kind, f.ID, f.N)
			if f.Kind == Told && f.Body != "" {
				line += fmt.Sprintf("%q", f.Body)
			}
			b.sent = append(b.sent, line)
		},
		After: func(d time.Duration, fn func()) func() {
			i := len(b.alarms)
			b.alarms = append(b.alarms, fn)
			return func() { b.alarms[i] = nil }
		}})
	for _, w := range workers {
		b.Joined(w)
	}
	b.sent = nil
	return b
}

// silence ends the time of the round that runs.
func (b *bench) silence() {
	for _, fn := range slices.Clone(b.alarms) {
		if fn != nil {
			fn()
		}
	}
}

// expect compares what was sent since the last time; the order between workers is free.
func (b *bench) expect(t *testing.T, want string) {
	t.Helper()
	slices.Sort(b.sent)
	if d := cmp.Diff(want, strings.Join(b.sent, " ")); d != "" {
		t.Error("frames (-want +got):", d)
	}
	b.sent = nil
}

func TestNotifyTakesThenReleasesTheSum(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("a", Frame{Kind: Notify, ID: 7})
	b.expect(t, "a T1=0 b T1=0")
	b.Frame("b", Frame{Kind: Taken, ID: 1, N: 30})
	b.expect(t, "")
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 12})
	b.expect(t, "a D7=42 a R1=42 b R1=42")
}

func TestCountSumsWithoutTaking(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("b", Frame{Kind: Count, ID: 1})
	b.expect(t, "a A1=0 b A1=0")
	b.Frame("a", Frame{Kind: Counted, ID: 1, N: 2})
	b.Frame("b", Frame{Kind: Counted, ID: 1, N: 3})
	b.expect(t, "b D1=5")
}

func TestAWorkerThatDiesBeforeItsAnswerCountsNothing(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 5})
	b.expect(t, "a T1=0 b T1=0")
	b.Left("b")
	b.expect(t, "a D1=5 a R1=5")
}

// It was counted, and its waiters are gone with it: n is the number taken, not the number delivered.
func TestAWorkerThatDiesAfterItsAnswerIsCounted(t *testing.T) {
	b := newBench("a", "b", "c")
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	b.Frame("b", Frame{Kind: Taken, ID: 1, N: 5})
	b.Left("b")
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 1})
	b.Frame("c", Frame{Kind: Taken, ID: 1, N: 1})
	b.expect(t, "a D1=7 a R1=7 a T1=0 b T1=0 c R1=7 c T1=0")
}

func TestASilentWorkerCountsNothingAndGetsItsListBack(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 5})
	b.sent = nil
	b.silence()
	b.expect(t, "a D1=5 a R1=5")
	b.Frame("b", Frame{Kind: Taken, ID: 1, N: 3})
	b.expect(t, "b B1=0")
}

func TestRoundsWaitForEachOther(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	b.Frame("b", Frame{Kind: Notify, ID: 1})
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 2})
	b.expect(t, "a T1=0 b T1=0")
	b.Frame("b", Frame{Kind: Taken, ID: 1})
	b.expect(t, "a D1=2 a R1=2 a T2=0 b R1=2 b T2=0")
	b.Frame("a", Frame{Kind: Taken, ID: 2})
	b.Frame("b", Frame{Kind: Taken, ID: 2})
	b.expect(t, "a R2=0 b D1=0 b R2=0")
}

func TestCountsShareARoundThatHasNotBegun(t *testing.T) {
	b := newBench("a")
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	for id := range uint64(3) {
		b.Frame("a", Frame{Kind: Count, ID: 10 + id})
	}
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 4})
	b.expect(t, "a A2=0 a D1=4 a R1=4 a T1=0")
	b.Frame("a", Frame{Kind: Counted, ID: 2})
	b.expect(t, "a D10=0 a D11=0 a D12=0")
}

// A count that came after a notify must not be answered with what was before it.
func TestACountDoesNotOvertakeANotify(t *testing.T) {
	b := newBench("a")
	for _, kind := range []Kind{Count, Count, Notify, Count} {
		b.Frame("a", Frame{Kind: kind, ID: 1})
	}
	b.expect(t, "a A1=0")
	b.Frame("a", Frame{Kind: Counted, ID: 1, N: 6})
	b.expect(t, "a A2=0 a D1=6")
	b.Frame("a", Frame{Kind: Counted, ID: 2, N: 6})
	b.expect(t, "a D1=6 a T3=0")
	b.Frame("a", Frame{Kind: Taken, ID: 3, N: 6})
	b.expect(t, "a A4=0 a D1=6 a R3=6")
}

func TestTheQueueIsBounded(t *testing.T) {
	b := newBench("a")
	for id := range uint64(roundsMost) {
		b.Frame("a", Frame{Kind: Notify, ID: id})
	}
	b.expect(t, "a T1=0")
	b.Frame("a", Frame{Kind: Notify, ID: 9999})
	b.expect(t, "a X9999=0")
}

func TestFramesThatAnswerNothingChangeNothing(t *testing.T) {
	b := newBench("a", "b")
	b.Frame("a", Frame{Kind: Counted, ID: 5, N: 100})
	b.Frame("a", Frame{Kind: Notify, ID: 1})
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 2})
	b.Frame("a", Frame{Kind: Taken, ID: 1, N: 2}) // twice
	b.Frame("b", Frame{Kind: Taken, ID: 1, N: 1})
	b.expect(t, "a B1=0 a D1=3 a R1=3 a T1=0 b R1=3 b T1=0")
}

func TestPayloads(t *testing.T) {
	for _, f := range []Frame{{Kind: Release, ID: 1 << 40, N: 10_000}, {Kind: Told, ID: 3, Body: "a, b"}, Publishing(7, "news", "a\x00b")} {
		if got, ok := Parse(byte(f.Kind), f.Payload()); !ok || got != f {
			t.Errorf("%v came back as %v, %v", f, got, ok)
		}
	}
	for n := range 40 {
		if _, ok := Parse('R', make([]byte, n)); ok != (n >= 16) {
			t.Errorf("a payload of %d bytes: %v", n, ok)
		}
	}
}
