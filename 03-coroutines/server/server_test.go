package server_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

// A world is a comet server and its clients on one scheduler.
type world struct {
	*testing.T
	*coro.Scheduler
	server *server.Server
}

func with(t *testing.T, most int, test func(w *world)) {
	t.Helper()
	p, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	k, err := system.New(p)
	if err != nil {
		t.Fatal(err)
	}
	defer k.End()
	w := &world{T: t, Scheduler: coro.New(k, coro.Options{Poison: true})}
	err = w.Scheduler.Run(func() {
		l, err := w.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 16})
		if err != nil {
			t.Error(err)
			return
		}
		w.server = &server.Server{Scheduler: w.Scheduler, Listener: l, Most: most,
			Options: serve.Options{Handler: app.NewComet(w.Scheduler).Handle, Now: w.Scheduler.Now}}
		w.Go("server", func() {
			if err := w.server.Serve(); err != nil {
				t.Error(err)
			}
		})
		test(w)
		w.server.Drain()
	})
	if err != nil {
		t.Error(err)
	}
}

// client connects and sends.
func (w *world) client(text string) *coro.Conn {
	c, err := w.Dial(w.server.Listener.At().String(), w.Now().Add(5*time.Second))
	if err != nil {
		w.Fatal(err)
	}
	c.Send([]byte(text), time.Time{})
	return c
}

// until receives up to a text, or the end of the stream if that is empty.
func (w *world) until(c *coro.Conn, text string) string {
	w.Helper()
	var all string
	for text == "" || !strings.Contains(all, text) {
		b, err := c.Recv(w.Now().Add(5 * time.Second))
		all += string(b)
		if err == io.EOF && text == "" {
			break
		}
		if err != nil {
			w.Errorf("waiting for %q: %q, %v", text, all, err)
			break
		}
	}
	return all
}

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

func TestADrainClosesWhoRests(t *testing.T) {
	with(t, 100, func(w *world) {
		c := w.client(get)
		w.until(c, "\r\n\r\n0")
		w.server.Drain()
		if rest := w.until(c, ""); rest != "" {
			t.Errorf("before its end: %q", rest)
		}
		c.Close()
	})
}

func TestADrainFinishesTheRequestInHand(t *testing.T) {
	for name, first := range map[string]string{"half a head": "GET / HTTP/1.1\r\nHo", "nothing yet": ""} {
		t.Run(name, func(t *testing.T) {
			with(t, 100, func(w *world) {
				c := w.client(first)
				other := w.client(get) // its answer shows that the server has read the first one's bytes
				w.until(other, "\r\n\r\n0")
				other.Close()
				w.server.Drain()
				c.Send([]byte(get[len(first):]), time.Time{})
				if answer := w.until(c, ""); !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.Contains(answer, "\r\nConnection: close\r\n") {
					t.Errorf("the answer: %q", answer)
				}
				c.Close()
			})
		})
	}
}

// A wait without an end is kept by a drain; when the scheduler is stopped it is answered. Its client is
// outside the scheduler, so that it is there to read.
func TestAWaiterIsAnsweredAtTheEnd(t *testing.T) {
	var outside net.Conn
	with(t, 100, func(w *world) {
		var err error
		if outside, err = net.Dial("tcp", w.server.Listener.At().String()); err != nil {
			t.Error(err)
			return
		}
		io.WriteString(outside, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
		count := w.client(get)
		for !strings.HasSuffix(w.until(count, "\r\n\r\n"), "\r\n\r\n1") {
			count.Send([]byte(get), time.Time{})
		}
		count.Close()
		w.server.Drain()
		w.Yield()
		w.Yield()
		if w.server.Open() == 0 {
			t.Error("the drain ended the wait")
		}
		w.Stop()
	})
	defer outside.Close()
	outside.SetDeadline(time.Now().Add(5 * time.Second))
	answer, err := io.ReadAll(outside)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestAConnectionTooManyIsAnswered(t *testing.T) {
	with(t, 1, func(w *world) {
		first := w.client(get)
		w.until(first, "\r\n\r\n0")
		second := w.client("")
		if answer := w.until(second, ""); !strings.HasPrefix(answer, "HTTP/1.1 503 ") || !strings.Contains(answer, "Retry-After") {
			t.Errorf("%q", answer)
		}
		second.Close()
		first.Close()
		for w.server.Open() > 0 {
			w.Yield()
		}
		third := w.client(get)
		if answer := w.until(third, "\r\n\r\n0"); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Errorf("when there is room again: %q", answer)
		}
		third.Close()
	})
}
