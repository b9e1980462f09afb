// Package modeltest is what every strand.Model must do, as tests, and what strand.Chan does on it.
//
// A model's own test calls [Test] with a function that runs one strand and returns when it and all that
// it started have ended.
//
// What this package does not do: it measures nothing, and it cannot show that threads exclude each other;
// that is the race detector's work.
package modeltest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/strand"
)

// A Run runs main as a strand of a new model and returns when all strands have ended.
type Run func(t *testing.T, main func(m strand.Model))

// soon is a time-out that is expected to end a wait; patience one that is not.
const (
	soon     = 2 * time.Millisecond
	patience = 10 * time.Second
)

type test struct {
	name string
	test func(*testing.T, strand.Model)
}

// waiters are first, each after what it rests on: channels rest on them.
var waiters = []test{
	{"a wake before the wait is not lost", wakeFirst},
	{"a wait ends at its time", waitEnds},
	{"two wakes are one", wakeTwice},
	{"a wake during the wait is used up", wakeDuring},
}

var channels = []test{
	{"values arrive in order", inOrder},
	{"receivers are served first come", firstCome},
	{"an unbuffered send waits for its receiver", handToHand},
	{"a full channel holds its senders", holdsSenders},
	{"receiving ends at its time", recvEnds},
	{"who gave up waiting gets nothing", gaveUp},
	{"a closed channel gives what it has", closedGives},
	{"closing wakes who waits", closingWakes},
	{"many strands meet", manyMeet},
	{"a select waits for all its cases", selectWaits},
	{"a select takes one value only", selectTakesOne},
	{"a select can send", selectSends},
	{"a select ends at its time", selectEnds},
	{"closing ends a select", selectClosed},
	{"a try does not wait", tryTakesWhatIsThere},
}

// Test runs all of them. On waiters that fail no channel is tried: it might wait for ever.
func Test(t *testing.T, run Run) {
	for _, tests := range [][]test{waiters, channels} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) { run(t, func(m strand.Model) { test.test(t, m) }) })
		}
		if t.Failed() {
			return
		}
	}
}

func wakeFirst(t *testing.T, m strand.Model) {
	w := m.NewWaiter()
	w.Wake()
	if err := w.Wait(m.Now().Add(patience)); err != nil {
		t.Error(err)
	}
}

func wakeTwice(t *testing.T, m strand.Model) {
	w := m.NewWaiter()
	w.Wake()
	w.Wake()
	w.Wait(m.Now().Add(patience))
	if err := w.Wait(m.Now().Add(soon)); err != strand.ErrTimeout {
		t.Errorf("the second wait: %v", err)
	}
}

func wakeDuring(t *testing.T, m strand.Model) {
	w := m.NewWaiter()
	told := strand.NewChan[error](m, 1)
	m.Go("sleeper", func() {
		told.Send(w.Wait(m.Now().Add(patience)))
		told.Send(w.Wait(m.Now().Add(soon)))
	})
	m.NewWaiter().Wait(m.Now().Add(soon)) // it sleeps now, or will find the wake: the same answer
	w.Wake()
	if err, _ := told.Recv(); err != nil {
		t.Errorf("the first wait: %v", err)
	}
	if err, _ := told.Recv(); err != strand.ErrTimeout {
		t.Errorf("the second wait: %v", err)
	}
}

func waitEnds(t *testing.T, m strand.Model) {
	start := m.Now()
	if err := m.NewWaiter().Wait(start.Add(soon)); err != strand.ErrTimeout {
		t.Error(err)
	}
	if took := m.Now().Sub(start); took < soon {
		t.Errorf("%v took %v", soon, took)
	}
}

func inOrder(t *testing.T, m strand.Model) {
	for _, capacity := range []int{0, 1, 3, 100} {
		values := strand.NewChan[int](m, capacity)
		m.Go("sender", func() {
			for i := range 20 {
				if err := values.Send(i); err != nil {
					t.Error(err)
				}
			}
			values.Close()
		})
		var got, want []int
		for i := range 20 {
			want = append(want, i)
		}
		for {
			v, err := values.Recv()
			if err == strand.ErrClosed {
				break
			}
			if err != nil {
				t.Error(err)
				return
			}
			got = append(got, v)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("capacity %d (-want +got): %s", capacity, d)
		}
	}
}

func firstCome(t *testing.T, m strand.Model) {
	values, done := strand.NewChan[int](m, 0), strand.NewChan[string](m, 10)
	started := strand.NewChan[int](m, 0)
	for i := range 3 {
		m.Go(fmt.Sprint("receiver ", i), func() {
			started.Send(i)
			v, err := values.RecvUntil(m.Now().Add(patience))
			done.Send(fmt.Sprint(v, err))
		})
		started.Recv()
	}
	var got []string
	for v := range 3 {
		values.Send(v)
	}
	for range 3 {
		s, _ := done.Recv()
		got = append(got, s)
	}
	slices.Sort(got) // threads may report in any order, but each value arrives once
	if d := cmp.Diff([]string{"0 <nil>", "1 <nil>", "2 <nil>"}, got); d != "" {
		t.Error("(-want +got):", d)
	}
}

func handToHand(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 0)
	received := strand.NewChan[bool](m, 1)
	m.Go("receiver", func() {
		m.NewWaiter().Wait(m.Now().Add(soon)) // the sender has time to go on, if it is wrong
		received.Send(true)
		values.Recv()
	})
	if err := values.Send(1); err != nil {
		t.Error(err)
	}
	if _, err := received.RecvUntil(m.Now()); err != nil {
		t.Errorf("Send returned before anybody received: %v", err)
	}
}

func holdsSenders(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 1)
	sent := strand.NewChan[int](m, 10)
	m.Go("sender", func() {
		for i := range 2 {
			values.Send(i)
			sent.Send(i)
		}
	})
	sent.Recv()
	if v, err := sent.RecvUntil(m.Now().Add(soon)); err != strand.ErrTimeout {
		t.Errorf("value %d was sent into a full channel (%v)", v, err)
	}
	values.Recv()
	if v, err := sent.RecvUntil(m.Now().Add(patience)); v != 1 || err != nil {
		t.Errorf("with room again: %d, %v", v, err)
	}
	values.Recv()
}

func recvEnds(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 1)
	if _, err := values.RecvUntil(m.Now().Add(soon)); err != strand.ErrTimeout {
		t.Error(err)
	}
	values.Send(7)
	if v, err := values.RecvUntil(m.Now().Add(soon)); v != 7 || err != nil {
		t.Errorf("afterwards: %d, %v", v, err)
	}
}

func gaveUp(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 0)
	if _, err := values.RecvUntil(m.Now().Add(soon)); err != strand.ErrTimeout {
		t.Error(err)
	}
	m.Go("sender", func() { values.Send(7) })
	if v, err := values.RecvUntil(m.Now().Add(patience)); v != 7 || err != nil {
		t.Errorf("%d, %v: the value went to the one who had given up", v, err)
	}
}

func closedGives(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 2)
	values.Send(1)
	values.Close()
	values.Close()
	if err := values.Send(2); err != strand.ErrClosed {
		t.Errorf("Send: %v", err)
	}
	if v, err := values.Recv(); v != 1 || err != nil {
		t.Errorf("what was sent before: %d, %v", v, err)
	}
	if _, err := values.Recv(); err != strand.ErrClosed {
		t.Errorf("then: %v", err)
	}
}

func closingWakes(t *testing.T, m strand.Model) {
	empty, full := strand.NewChan[int](m, 0), strand.NewChan[int](m, 0)
	ended := strand.NewChan[error](m, 2)
	m.Go("receiver", func() { _, err := empty.Recv(); ended.Send(err) })
	m.Go("sender", func() { ended.Send(full.Send(1)) })
	m.NewWaiter().Wait(m.Now().Add(soon)) // now they wait, or will meet a closed channel: the same answer
	empty.Close()
	full.Close()
	for range 2 {
		if err, late := ended.RecvUntil(m.Now().Add(patience)); err != strand.ErrClosed || late != nil {
			t.Errorf("the wait ended with %v, %v", err, late)
		}
	}
}

func manyMeet(t *testing.T, m strand.Model) {
	const strands, each = 8, 200
	values, sums := strand.NewChan[int](m, 3), strand.NewChan[int](m, strands)
	for range strands {
		m.Go("sender", func() {
			for i := range each {
				values.Send(i)
			}
		})
		m.Go("receiver", func() {
			sum := 0
			for range each {
				v, _ := values.Recv()
				sum += v
			}
			sums.Send(sum)
		})
	}
	total := 0
	for range strands {
		sum, err := sums.RecvUntil(m.Now().Add(patience))
		if err != nil {
			t.Error("values were lost: ", err)
			return
		}
		total += sum
	}
	if want := strands * each * (each - 1) / 2; total != want {
		t.Errorf("the values add up to %d, not %d", total, want)
	}
}
