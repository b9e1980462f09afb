package specimens

import (
	"testing"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// Both workers see the same new connection, and the one that comes too late has a client already.
func TestSleepingWorker(t *testing.T) {
	s := newSpecimen(t, "forgetful", Options{Workers: 2})
	late, quick := s.workers[0], s.workers[1]
	waiting := dial(t, s.at)
	s.turn(t) // accepted by late
	dial(t, s.at)
	seenByLate, seenByQuick := s.look(t, late), s.look(t, quick)
	if err := quick.call(seenByQuick); err != nil {
		t.Fatal(err)
	}
	waiting.send(t, get)
	ended := make(chan error, 1)
	go func() {
		err := late.call(seenByLate) // asleep
		for range 2 {                // then it reads and writes
			if err == nil {
				var events []poll.Event
				if events, err = late.look(patience); err == nil {
					err = late.call(events)
				}
			}
		}
		ended <- err
	}()
	// This is no waiting for something: what comes here must be nothing, however long it is.
	waiting.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if b, err := waiting.answers.Peek(1); !isTimeout(err) {
		t.Errorf("got %q, %v, while the worker should sleep in accept", b, err)
	}
	waiting.SetReadDeadline(time.Now().Add(patience))
	dial(t, s.at) // somebody who has nothing to do with it
	waiting.expect(t, 200)
	if err := <-ended; err != nil {
		t.Error(err)
	}

	// Two loops that share a listener in non-blocking mode.
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := duplicate(l)
	if err != nil {
		t.Fatal(err)
	}
	run(t, l, []byte("ok"), loop.Options{})
	run(t, second, []byte("ok"), loop.Options{})
	var clients []*client
	for range 20 {
		clients = append(clients, dial(t, at.String()))
		for _, c := range clients {
			c.send(t, get)
			c.expect(t, 200)
		}
	}
}
