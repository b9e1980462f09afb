package loop_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"example.com/c10k/02-selectors/loop"
)

// A refusal is read whole, though the client has sent much that nobody will read.
func TestARefusalIsNotDestroyedByAReset(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{})
		c := s.dial(t)
		c.send(t, "POST / HTTP/1.1\r\nHost: c10k\r\nContent-Length: 3000000\r\n\r\n"+strings.Repeat("x", 3_000_000))
		c.expect(t, 413, "the body is too large\n")
		c.expectEnd(t)
	})
}

// What a client sends after its refusal is taken: no reset comes that could overtake the answer.
func TestARefusedClientMayFinish(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{})
		c := s.dial(t)
		c.send(t, "POST / HTTP/1.1\r\nHost: c10k\r\nContent-Length: 3000000\r\n\r\n")
		c.expect(t, 413, "the body is too large\n")
		for range 100 {
			c.send(t, strings.Repeat("x", 1000))
		}
		c.expectEnd(t)
	})
}

// A last request that fills the loop's buffer to the brim may have more behind it, that nobody has read.
func TestALastRequestThatFillsTheBuffer(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/hold" {
			close(entered)
			<-leave
		}
		echo(x)
	}
	s := start(t, "", handler, loop.Options{})
	holder, c := s.dial(t), s.dial(t)
	c.ask(t)
	holder.send(t, get("/hold"))
	arrive(t, "the holding", entered)
	head := "POST /last HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
	body := 64<<10 - len(fmt.Sprintf(head, 65000))
	c.send(t, fmt.Sprintf(head, body)+strings.Repeat("x", body)+strings.Repeat("y", 1000))
	close(leave)
	c.expect(t, 200, "last")
	c.expectEnd(t)
}

// Lingering has a bound: a client that goes on sending after its refusal is cut off.
func TestLingeringHasABound(t *testing.T) {
	s := start(t, "", echo, loop.Options{})
	c := s.dial(t)
	c.send(t, "GET? / HTTP/1.1\r\n\r\n")
	for sent := 0; sent < 256<<20; sent += 64 << 10 {
		if _, err := c.Write(make([]byte, 64<<10)); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				t.Fatal("the server neither reads nor closes")
			}
			return
		}
	}
	t.Fatal("the server reads 256 MiB of a client that it has refused")
}
