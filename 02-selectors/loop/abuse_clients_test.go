package loop_test

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/02-selectors/loop"
)

// Clients that send a byte at a time hurt nobody: between their bytes somebody else is served.
func TestSlowClients(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, echo)
		var clients []*client
		for range abusers {
			clients = append(clients, a.dial(t))
		}
		for _, b := range []byte(get("/slow")) {
			for _, c := range clients {
				c.send(t, string(b))
			}
			a.steady.ask(t)
		}
		for _, c := range clients {
			c.expect(t, 200, "slow")
			c.Close()
		}
		a.recovers(t, abusers)
	})
}

// Clients that end their half are answered for all that was whole, and then are gone: behind a request, in the
// middle of one, and before the first byte.
func TestHalfClose(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, echo)
		stories := []struct {
			sent    string
			answers []string
		}{
			{"", nil},
			{get("/half")[:10], nil},
			{get("/a"), []string{"a"}},
			{get("/a") + get("/b") + get("/c")[:10], []string{"a", "b"}},
		}
		for _, story := range stories {
			c := a.dial(t)
			c.send(t, story.sent)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			for _, answer := range story.answers {
				c.expect(t, 200, answer)
			}
			c.expectEnd(t)
			a.steady.ask(t)
			c.Close()
		}
		a.recovers(t, len(stories))
	})
}

// Resets in every state leave the server as it was.
func TestResetsInTheMiddle(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		gone := make(chan struct{}, 1)
		parked := make(chan struct{}, 1)
		large := http1.Response{Body: make([]byte, 16<<20)}
		a := newAbused(t, poller, func(x *loop.Exchange) {
			switch string(x.Request.Target) {
			case "/park":
				x.Park(func() { gone <- struct{}{} })
				parked <- struct{}{}
			case "/large":
				x.Respond(&large)
			default:
				echo(x)
			}
		})
		a.dial(t).reset()

		reading := a.dial(t)
		reading.send(t, get("/half")[:10])
		reading.reset()

		waiting := a.dial(t)
		waiting.send(t, get("/park"))
		arrive(t, "parking", parked)
		waiting.reset()
		arrive(t, "the news that the client left", gone)

		writing := a.dial(t)
		writing.send(t, get("/large"))
		if _, err := writing.answers.ReadByte(); err != nil {
			t.Fatal(err)
		}
		writing.reset()

		a.recovers(t, 4)
	})
}

// Descriptors are used up by this process, while many connect, and given back. Those who came meanwhile were
// cut off, those who were there were served, and who comes afterwards is.
func TestDescriptorsGivenBack(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, echo)
		filler := useUpDescriptors(t)
		for range abusers {
			unix.Close(filler.pop()) // for the client's end; none is left for the server's
			c := a.dial(t)
			if b, err := io.ReadAll(c.answers); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("got %q and %v, want the end", b, err)
			}
			a.steady.ask(t)
			c.Close()
			filler.push(t)
		}
		filler.release()
		for range abusers {
			c := a.dial(t)
			c.ask(t)
			c.Close()
		}
		a.recovers(t, abusers) // those who were cut off were never connections
	})
}
