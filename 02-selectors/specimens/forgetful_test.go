package specimens

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

func TestLostClose(t *testing.T) {
	const old = "GET / HTTP/1.0\r\n\r\n" // as ab asks
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, old)
	s.turns(t, 3) // accepts, reads, writes
	if !c.expect(t, 200).Close {
		t.Fatal("the answer does not say that the connection is closed")
	}
	s.idle(t) // it waits for the client, and the client for the end
	c.send(t, old)
	s.turns(t, 2)
	c.expect(t, 200) // from a connection that is closed

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, old)
	c.expect(t, 200)
	c.expectEnd(t)
}

func TestClosedByDefault(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, get)
	s.turns(t, 3)
	if !c.expect(t, 200).Close {
		t.Error("the answer does not say that the connection is closed: where is the fault?")
	}

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, get)
	if c.expect(t, 200).Close {
		t.Error("loop: the answer says that the connection is closed")
	}
}

func TestEchoedVersion(t *testing.T) {
	const strange = "GET / HTTP/7.3\r\nHost: c10k\r\n\r\n"
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, strange)
	s.turns(t, 3)
	if line, err := c.answers.ReadString('\n'); line != "HTTP/7.3 200 OK\r\n" {
		t.Errorf("got %q, %v", line, err)
	}

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, strange)
	if line, err := c.answers.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 505 ") {
		t.Errorf("loop: got %q, %v", line, err)
	}
	c = dial(t, r.at)
	c.send(t, "GET / HTTP/1.0\r\n\r\n")
	if line, err := c.answers.ReadString('\n'); line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("loop: got %q, %v", line, err)
	}
}

// A turn is a system call to wait, a portion, and everything that belongs to both.
func TestSmallPortions(t *testing.T) {
	const head, body = 700, 10_000
	answer := make([]byte, body)
	s := newSpecimen(t, "forgetful", Options{Answer: answer})
	c := dial(t, s.at)
	s.turn(t)
	c.send(t, long(head))
	s.turns(t, 3)
	turns := 0
	for ; ; turns++ {
		events, err := s.workers[0].look(0)
		if len(events) == 0 || err != nil {
			break
		}
		if events[0].Ready != poll.Write {
			t.Fatalf("the head should have been read in three turns: %v", events)
		}
		if err := s.workers[0].call(events); err != nil {
			t.Fatal(err)
		}
	}
	c.CloseWrite()
	s.turn(t)
	whole, err := io.ReadAll(c.answers)
	if err != nil || len(whole) < body {
		t.Fatalf("an answer of %d bytes, %v", len(whole), err)
	}
	if want := (len(whole) + portion - 1) / portion; turns != want {
		t.Errorf("an answer of %d bytes took %d turns, want %d", len(whole), turns, want)
	}

	r := newRepaired(t, answer, loop.Options{})
	c = dial(t, r.at)
	c.send(t, get)
	c.expect(t, 200)
	start := r.poller.waits.Load()
	const requests = 20
	for range requests {
		c.send(t, long(head))
		c.expect(t, 200)
	}
	if waits := r.poller.waits.Load() - start; waits > requests+1 {
		t.Errorf("loop: looked %d times for %d requests", waits, requests)
	}
}

func TestStuckPipeline(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, getKept+getKept)
	s.turns(t, 3)
	c.expect(t, 200)
	if !slices.Equal(s.complaints, []error{errPipelined}) {
		t.Errorf("complaints: %v", s.complaints)
	}
	s.idle(t) // it has the second request, and waits for the client, who waits for the answer
	c.send(t, getKept)
	s.turns(t, 2)
	c.expect(t, 200) // that to the second
	s.idle(t)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, getKept+getKept)
	c.expect(t, 200)
	c.expect(t, 200)
}

func TestBodyAsRequest(t *testing.T) {
	const body = "GET /secret HTTP/1.1\r\n\r\n"
	const post = "POST / HTTP/1.1\r\nHost: c10k\r\nConnection: Keep-Alive\r\nContent-Length: 24\r\n\r\n"
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, post)
	s.turns(t, 3)
	c.expect(t, 200) // before the body
	c.send(t, body)
	s.turns(t, 2)
	c.expect(t, 200) // to the body

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, post)
	c.send(t, body)
	c.expect(t, 200)
	c.CloseWrite()
	c.expectEnd(t)
}

func TestEndlessHead(t *testing.T) {
	const size = 256 << 10
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, long(size))
		sent <- err
	}()
	for {
		s.turn(t)
		if events := s.look(t, s.workers[0]); events[0].Ready == poll.Write {
			break // all of it was read and kept
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	s.turn(t)
	c.expect(t, 200)

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	go func() {
		_, err := io.WriteString(c, long(size))
		sent <- err
	}()
	c.expect(t, 431)
	<-sent // whole or cut short: what came after the limit is thrown away
}

// idlePoller ends the worker where it would begin to wait, and keeps for how long that would have been.
type idlePoller struct {
	poll.Poller
	wait time.Duration
}

var errIdle = errors.New("nobody is ready")

func (p *idlePoller) Wait(evs []poll.Event, d time.Duration) (int, error) {
	n, err := p.Poller.Wait(evs, 0)
	if n == 0 && err == nil {
		p.wait = d
		return 0, errIdle
	}
	return n, err
}

func TestNoTimeout(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	s.turn(t)
	idle := &idlePoller{Poller: s.workers[0].poller}
	s.workers[0].poller = idle
	if err := s.workers[0].run(); !errors.Is(err, errIdle) || idle.wait >= 0 {
		t.Errorf("the worker waits %v for a silent client (%v), want for ever", idle.wait, err)
	}
	c.Close()

	r := newRepaired(t, []byte("ok"), header)
	dial(t, r.at).expectEnd(t)
}

func TestUnansweredMistake(t *testing.T) {
	const mistake = "GET /\r\n\r\n"
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, mistake)
	s.turns(t, 2)
	s.idle(t)
	c.send(t, get)
	s.turn(t)
	s.idle(t) // the good request stands behind the bad one
	if len(s.complaints) != 2 {
		t.Errorf("complaints: %v; want the same one twice", s.complaints)
	}

	r := newRepaired(t, []byte("ok"), loop.Options{})
	c = dial(t, r.at)
	c.send(t, mistake)
	c.expect(t, 400)
	c.expectEnd(t)
}

func TestHangUpSpin(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{})
	c := dial(t, s.at)
	c.send(t, get)
	s.turns(t, 2) // it has read, and is about to write
	c.reset()
	awaitReset(t, s.connection(t))
	const spins = 1000
	s.turns(t, spins) // a turn that found nobody ready would fail
	if len(s.complaints) != spins {
		t.Errorf("%d complaints in %d turns", len(s.complaints), spins)
	}

	// The same moment in loop: the client has sent its request, and loop cannot get rid of the answer.
	r := newRepaired(t, make([]byte, 64<<20), loop.Options{})
	c = dial(t, r.at)
	c.send(t, get)
	writing := r.poller.until(t, "writing", func(s set) bool { return s.want == poll.Write })
	c.reset()
	r.poller.until(t, "the end of the connection", func(s set) bool { return s == set{writing.fd, 0} })
}
