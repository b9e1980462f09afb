package loop_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// What an answer looks like is asked by conform (cmd/selectors). Here are the things that belong to a
// loop: what happens between connections, and between the states of one.

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{})
		c := s.dial(t)
		const requests = 10_000
		var all strings.Builder
		for i := range requests {
			all.WriteString(get(fmt.Sprintf("/%d", i)))
		}
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c, all.String())
			sent <- err
		}()
		for i := range requests {
			c.expect(t, 200, fmt.Sprint(i))
		}
		if err := arrive(t, "the last write", sent); err != nil {
			t.Fatal(err)
		}
	})
}

// The answers to requests that came together are one write. If they were several, a client that is quick
// would now and then read the first of them alone.
func TestAnswersToABatchAreOneWrite(t *testing.T) {
	s := start(t, "", echo, loop.Options{})
	c := s.dial(t)
	batch := strings.Repeat(get("/x"), 16)
	size := 0
	for round := range 50 {
		c.send(t, batch)
		b := make([]byte, 16<<10)
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if size == 0 {
			size = n
			if answers := strings.Count(string(b[:n]), "HTTP/1.1 200 OK"); answers != 16 {
				t.Fatalf("the first read brought %d answers of 16", answers)
			}
		}
		if n != size {
			t.Fatalf("round %d: a read brought %d bytes of %d", round, n, size)
		}
	}
}

// A connection costs the poller one declaration when it begins and one when it ends, whatever is asked on
// it: no request pays for a system call that only changes interest.
func TestAConnectionIsDeclaredOnce(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{})
		c := s.dial(t)
		for range 100 {
			c.send(t, get("/x"))
			c.expect(t, 200, "x")
		}
		c.Close()
		s.Stop()
		s.ended(t)
		once := 0
		for fd, wants := range s.sets.of {
			if cmp.Equal(wants, []poll.Interest{poll.Read, 0}) {
				once++
			} else if len(wants) > 2 {
				t.Errorf("descriptor %d was declared %v", fd, wants)
			}
		}
		if once != 3 { // the listener, the pair that wakes, the connection
			t.Errorf("%d descriptors were declared Read and then 0, not 3: %v", once, s.sets.of)
		}
	})
}

// With a listener that defers, a connection that brings one request is accepted, read, written and
// closed: the poller never hears of it.
func TestADeferredConnectionIsNeverDeclared(t *testing.T) {
	s := startOn(t, "", sock.Options{DeferAccept: true}, echo, loop.Options{Deferred: true})
	before := 2 // the listener and the pair that wakes
	for range 10 {
		c := s.dial(t)
		c.send(t, "GET /x HTTP/1.0\r\n\r\n")
		c.expect(t, 200, "x")
		c.expectEnd(t)
	}
	s.Stop()
	s.ended(t)
	read := 0
	for _, wants := range s.sets.of {
		if wants[0] == poll.Read {
			read++
		}
	}
	if read != before {
		t.Errorf("%d descriptors were declared for Read, want %d: %v", read, before, s.sets.of)
	}
}

// A client that never reads its answers gets no new ones: no more requests are handled than the kernel's
// buffers and one batch hold. The write time-out ends it; then the count is final.
func TestAClientThatNeverReadsIsBounded(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		handled := 0
		answer := http1.Response{Body: make([]byte, 64<<10)}
		handler := func(x *loop.Exchange) { handled++; x.Respond(&answer) }
		s := start(t, poller, handler, loop.Options{Timeouts: timeouts("write")})
		c := s.dial(t)
		requests, some := 0, strings.Repeat(get("/"), 1000)
		for {
			if _, err := io.WriteString(c, some); err != nil { // it blocks, until the server closes
				if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
					t.Fatal("the server neither reads nor closes")
				}
				break
			}
			if requests += 1000; requests > 1_000_000 {
				t.Fatal("all requests are read, though no answer is")
			}
		}
		s.Stop()
		s.ended(t)
		// 64 KiB each: 1,000 of them are 64 MiB. Kernel buffers are a few megabytes at both ends.
		if handled == 0 || handled > 1000 {
			t.Errorf("%d of %d requests were handled for a client that reads nothing", handled, requests)
		}
		if s.sets.waits > 2000 {
			t.Errorf("the loop turned %d times for a client that reads nothing: does it spin?", s.sets.waits)
		}
	})
}

// An answer that does not fit into the socket goes out in parts, and the requests behind it are still
// answered when it is out, though another client's bytes have been where they were.
func TestALargeAnswerAndWhatIsBehindIt(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		large := strings.Repeat("0123456789abcdef", 1<<20)
		handler := func(x *loop.Exchange) {
			if string(x.Request.Target) == "/large" {
				x.Respond(&http1.Response{Body: []byte(large)})
				return
			}
			echo(x)
		}
		s := start(t, poller, handler, loop.Options{})
		c := s.dial(t)
		c.send(t, get("/large")+get("/small")+get("/last")[:10])
		if _, err := c.answers.Peek(1); err != nil {
			t.Fatal(err)
		}
		other := s.dial(t)
		other.send(t, "POST /other HTTP/1.1\r\nHost: c10k\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000))
		other.expect(t, 200, "other")
		c.expect(t, 200, large)
		c.expect(t, 200, "small")
		c.send(t, get("/last")[10:])
		c.expect(t, 200, "last")
	})
}

// Expect: 100-continue is answered before the body comes, once.
func TestContinue(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		handler := func(x *loop.Exchange) { x.Respond(&http1.Response{Body: x.Request.Body}) }
		s := start(t, poller, handler, loop.Options{})
		c := s.dial(t)
		for range 2 {
			c.send(t, "POST / HTTP/1.1\r\nHost: c10k\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
			line := make([]byte, len(http1.Continue))
			if _, err := io.ReadFull(c.answers, line); err != nil || string(line) != string(http1.Continue) {
				t.Fatalf("got %q, %v", line, err)
			}
			for _, b := range []string{"a", "b", "c"} {
				c.send(t, b)
			}
			c.expect(t, 200, "abc")
		}
	})
}
