package loop_test

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

func TestConnectionsAboveTheLimitAreTold(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{Most: 2})
		first, second := s.dial(t), s.dial(t)
		first.ask(t)
		second.ask(t)
		for range 100 { // more than are told with all care
			third := s.dial(t)
			answer := third.expect(t, 503, "too many connections\n")
			if !answer.Close || answer.Header.Get("Retry-After") == "" {
				t.Fatalf("the 503 says %v", answer.Header)
			}
			third.expectEnd(t)
			third.Close()
		}
		second.send(t, "GET /x HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\n\r\n")
		second.expect(t, 200, "x")
		second.expectEnd(t)
		s.dial(t).ask(t) // there is a place again
		first.ask(t)
	})
}

// Clients above the limit whose requests are there before they are accepted still read their answer: no
// reset for what was not read destroys it.
func TestTheRefusedWhoHaveSpoken(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/hold" {
			close(entered)
			<-leave
		}
		echo(x)
	}
	s := start(t, "", handler, loop.Options{Most: 1})
	holder := s.dial(t)
	holder.send(t, get("/hold"))
	arrive(t, "the holding", entered)
	refused := make([]*client, 20)
	for i := range refused {
		refused[i] = s.dial(t)
		refused[i].send(t, get("/"))
	}
	close(leave)
	for _, c := range refused {
		c.expect(t, 503, "too many connections\n")
		c.expectEnd(t)
	}
	holder.expect(t, 200, "hold")
}

// An accept that fails for good costs a pause and then another try, but no spin, and not the clients that
// are there.
func TestAcceptFails(t *testing.T) {
	s := prepare(t, "", sock.Options{}, echo, loop.Options{})
	resumed := make(chan struct{}, 100)
	s.sets.told = func(fd int, want poll.Interest) {
		if fd == int(s.listener) && want == poll.Read {
			resumed <- struct{}{}
		}
	}
	s.run(t)
	old := s.dial(t)
	old.ask(t)
	if err := unix.Shutdown(int(s.listener), unix.SHUT_RD); err != nil {
		t.Skipf("this system does not let a listener be shut down, which is how accept is made to fail (%v): run this on Linux", err)
	}
	for range 3 {
		arrive(t, "another try", resumed)
		old.ask(t)
	}
	s.Stop()
	s.ended(t)
	if s.sets.waits > 40 {
		t.Errorf("the loop turned %d times: does it spin?", s.sets.waits)
	}
	if !s.log.has("accept failed") {
		t.Error("the log does not tell of it")
	}
}

// A limit that leaves no room for connections is told before anybody connects, and New gives back what it
// was given.
func TestALimitTooLow(t *testing.T) {
	defer lowerLimit(t, sock.Reserved)()
	l, _, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err = loop.New(l, nil, echo, loop.Options{}); err == nil || !strings.Contains(err.Error(), "ulimit -n") {
		t.Fatalf("got %v, want an error that names ulimit -n", err)
	}
}

// listening tells whether somebody accepts at the address.
func listening(at string) bool {
	c, err := net.Dial("tcp", at)
	if err == nil {
		c.Close()
	}
	return err == nil
}
