package modeltest

import (
	"testing"

	"example.com/c10k/01-blocking/strand"
)

func selectWaits(t *testing.T, m strand.Model) {
	a, b := strand.NewChan[int](m, 0), strand.NewChan[string](m, 0)
	m.Go("sender", func() { b.Send("hello") })
	var n int
	var text string
	i, err := strand.Select(m, m.Now().Add(patience), a.Receiving(&n), b.Receiving(&text))
	if i != 1 || err != nil || text != "hello" {
		t.Errorf("case %d, %v, %q", i, err, text)
	}
}

// Two values for one Select that waits, before it runs again: it may take one of them only.
func selectTakesOne(t *testing.T, m strand.Model) {
	a, b := strand.NewChan[int](m, 1), strand.NewChan[int](m, 1)
	m.Go("sender", func() { a.Send(1); b.Send(2) })
	var x, y int
	i, err := strand.Select(m, m.Now().Add(patience), a.Receiving(&x), b.Receiving(&y))
	if err != nil {
		t.Fatal(err)
	}
	other, want := b, 2
	if i == 1 {
		other, want = a, 1
	}
	if v, err := other.RecvUntil(m.Now().Add(patience)); v != want || err != nil {
		t.Errorf("case %d was chosen, and the other value is %d, %v", i, v, err)
	}
}

func selectSends(t *testing.T, m strand.Model) {
	never, out := strand.NewChan[int](m, 0), strand.NewChan[int](m, 0)
	got := strand.NewChan[int](m, 1)
	m.Go("receiver", func() { v, _ := out.Recv(); got.Send(v) })
	var n int
	if i, err := strand.Select(m, m.Now().Add(patience), never.Receiving(&n), out.Sending(7)); i != 1 || err != nil {
		t.Errorf("case %d, %v", i, err)
	}
	if v, err := got.RecvUntil(m.Now().Add(patience)); v != 7 || err != nil {
		t.Errorf("the receiver got %d, %v", v, err)
	}
}

func selectEnds(t *testing.T, m strand.Model) {
	in, out := strand.NewChan[int](m, 0), strand.NewChan[int](m, 0)
	var n int
	if i, err := strand.Select(m, m.Now().Add(soon), in.Receiving(&n), out.Sending(1)); i != -1 || err != strand.ErrTimeout {
		t.Errorf("case %d, %v", i, err)
	}
	if _, err := out.RecvUntil(m.Now().Add(soon)); err != strand.ErrTimeout { // nothing was left in the lines
		t.Errorf("what was not sent was received: %v", err)
	}
	m.Go("sender", func() { in.Send(3) })
	if v, err := in.RecvUntil(m.Now().Add(patience)); v != 3 || err != nil {
		t.Errorf("%d, %v: the value went to the one who had given up", v, err)
	}
}

func selectClosed(t *testing.T, m strand.Model) {
	a, b := strand.NewChan[int](m, 0), strand.NewChan[int](m, 0)
	m.Go("closer", b.Close)
	var n int
	if i, err := strand.Select(m, m.Now().Add(patience), a.Receiving(&n), b.Receiving(&n)); i != 1 || err != strand.ErrClosed {
		t.Errorf("case %d, %v", i, err)
	}
	if i, err := strand.Select(m, m.Now().Add(patience), a.Receiving(&n), b.Sending(1)); i != 1 || err != strand.ErrClosed {
		t.Errorf("sending: case %d, %v", i, err)
	}
}

func tryTakesWhatIsThere(t *testing.T, m strand.Model) {
	values := strand.NewChan[int](m, 1)
	var n int
	if i, err := strand.Try(m, values.Receiving(&n)); i != -1 || err != nil {
		t.Errorf("nothing is there: case %d, %v", i, err)
	}
	if i, err := strand.Try(m, values.Receiving(&n), values.Sending(5)); i != 1 || err != nil {
		t.Errorf("there is room: case %d, %v", i, err)
	}
	if i, err := strand.Try(m, values.Sending(6), values.Receiving(&n)); i != 1 || err != nil || n != 5 {
		t.Errorf("it is full: case %d, %v, %d", i, err, n)
	}
}
