package specimens

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// The request arrives between the look, in which the connection was writable, and the answer.
func TestAnswerFirst(t *testing.T) {
	s := newSpecimen(t, "hasty", Options{})
	c := dial(t, s.at)
	s.turn(t) // accepts
	early := s.look(t, s.workers[0])
	if want := []poll.Event{{FD: int32(s.connection(t)), Ready: poll.Write}}; !slices.Equal(early, want) {
		t.Fatalf("a silent connection is %v, want %v", early, want)
	}
	c.send(t, get)
	s.lookUntilReadable(t) // the request is here now, and early does not know
	if err := s.workers[0].call(early); err != nil {
		t.Fatal(err)
	}
	c.expectReset(t)

	// Without any request at all it is the same.
	c = dial(t, s.at)
	s.turns(t, 2)
	c.expect(t, 200)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c, other := dial(t, r.at), dial(t, r.at)
	other.send(t, get)
	other.expect(t, 200) // who came later has been accepted, so c has been
	c.send(t, getClose)
	c.expect(t, 200)
	c.expectEnd(t)
}

func TestOnePiece(t *testing.T) {
	s := newSpecimen(t, "hasty", Options{})
	c := dial(t, s.at)
	c.send(t, long(3*pieceSize))
	s.turn(t)
	if err := s.workers[0].call(s.lookUntilReadable(t)); err != nil {
		t.Fatal(err)
	}
	c.expectReset(t)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, long(3*pieceSize)+getClose)
	c.expect(t, 200)
	c.expect(t, 200)
	c.expectEnd(t)
}

func TestSilentClose(t *testing.T) {
	s := newSpecimen(t, "hasty", Options{})
	c := dial(t, s.at)
	c.send(t, get)
	s.turn(t)
	if err := s.workers[0].call(s.lookUntilReadable(t)); err != nil {
		t.Fatal(err)
	}
	if c.expect(t, 200).Close {
		t.Fatal("the answer says that the connection is closed: where is the fault?")
	}
	c.expectEnd(t)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, get)
	if c.expect(t, 200).Close {
		t.Error("loop: the answer says that the connection is closed, and it is not")
	}
	c.send(t, getClose)
	if !c.expect(t, 200).Close {
		t.Error("loop: the answer does not say that the connection is closed, and it is")
	}
	c.expectEnd(t)
}

// hasty with the next best idea: it answers when it has read, and both interests stay.
func TestBothInterests(t *testing.T) {
	s := newSpecimen(t, "hasty", Options{})
	w := s.workers[0]
	w.admit = func(c sock.NonBlocking) error {
		return w.register(int(c), poll.Read|poll.Write, func(ready poll.Interest) error {
			if ready&poll.Read == 0 {
				return nil // not yet
			}
			return hasty{w}.write(c)
		})
	}
	dial(t, s.at) // and says nothing
	s.turn(t)
	before := w.wakes
	const spins = 1000
	s.turns(t, spins) // a turn that found nobody ready would fail
	if w.wakes-before != spins {
		t.Errorf("%d turns woke up %d times", spins, w.wakes-before)
	}

	r := newRepaired(t, []byte("ok"), loop.Options{})
	silent, busy := dial(t, r.at), dial(t, r.at)
	busy.send(t, get)
	busy.expect(t, 200)
	silent.send(t, "GET /")
	for range spins {
		busy.send(t, get)
		busy.expect(t, 200)
	}
	// A request may cost two looks, of which one is in vain; a spin would add any number to that.
	if waits := r.poller.waits.Load(); waits > 2*spins+20 {
		t.Errorf("loop: looked %d times for %d requests", waits, spins)
	}
	for range len(r.poller.sets) {
		if s := <-r.poller.sets; s.want&poll.Write != 0 {
			t.Errorf("loop: wants to write to %d, and has nothing for it", s.fd)
		}
	}
}

// Two resets for each worker are enough for all of them: a worker is ended by the first that it meets, and
// may have accepted one more before.
func TestDeadWorker(t *testing.T) {
	const workers = 3
	s := newSpecimen(t, "hasty", Options{Workers: workers})
	for range 2 * workers {
		dial(t, s.at).reset()
	}
	ended := make(chan error)
	go func() { ended <- s.Run() }()
	err := <-ended
	if !errors.Is(err, sock.ErrReset) || strings.Count(err.Error(), "ended") != workers {
		t.Errorf("the server ended: %v; want a reset for each of %d workers", err, workers)
	}

	r := newRepaired(t, []byte("ok"), loop.Options{})
	for range 2 * workers {
		dial(t, r.at).reset()
	}
	c := dial(t, r.at)
	c.send(t, getClose)
	c.expect(t, 200)
}
