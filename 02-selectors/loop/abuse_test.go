package loop_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// abused is a server to which bad things are done while somebody else is served. Afterwards it goes on, with
// as many descriptors and goroutines as before.
type abused struct {
	*serving
	steady *client
	stuck  chan int // descriptors that are wanted for Write
	left   chan int // descriptors that are forgotten, just before they are closed

	open, goroutines int // before the abuse
}

func newAbused(t *testing.T, poller string, h loop.Handler) *abused {
	a := &abused{serving: prepare(t, poller, sock.Options{}, h, loop.Options{}), stuck: make(chan int, 1000), left: make(chan int, 1000)}
	a.sets.told = func(fd int, want poll.Interest) {
		switch want {
		case poll.Write:
			a.stuck <- fd
		case 0:
			a.left <- fd
		}
	}
	a.run(t)
	a.steady = a.dial(t)
	a.steady.ask(t)
	a.open, a.goroutines = descriptors(t), runtime.NumGoroutine()
	return a
}

// recovers waits until the server has seen so many connections end, and then counts.
func (a *abused) recovers(t *testing.T, connections int) {
	t.Helper()
	for range connections {
		arrive(t, "the end of a connection", a.left)
	}
	a.steady.ask(t) // in a later turn than that in which the last was closed
	if now := descriptors(t); now != a.open {
		t.Errorf("%d descriptors are open, before it were %d", now, a.open)
	}
	for late := time.Now().Add(patience); runtime.NumGoroutine() > a.goroutines && time.Now().Before(late); {
		runtime.Gosched() // a goroutine that has said its last word may not be gone yet
	}
	if now := runtime.NumGoroutine(); now != a.goroutines {
		t.Errorf("%d goroutines run, before it were %d", now, a.goroutines)
	}
}

const abusers = 10

// A head of 1 MiB is refused when it is longer than a head may be, not when it is whole.
func TestHeadsOfAMebibyte(t *testing.T) {
	head := "GET / HTTP/1.1\r\nHost: c10k\r\nFiller: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, echo)
		var clients []*client
		sent := make(chan struct{}, abusers)
		for range abusers {
			c := a.dial(t)
			clients = append(clients, c)
			go func() {
				io.WriteString(c, head) // all of it, or up to the end of the connection
				sent <- struct{}{}
			}()
			a.steady.ask(t)
		}
		for _, c := range clients {
			c.refused(t, 431)
			arrive(t, "the end of the head", sent)
			c.Close()
		}
		a.recovers(t, abusers)
	})
}

// refused reads a whole refusal, and the end behind it.
func (c *client) refused(t *testing.T, status int) {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != status || !answer.Close {
		t.Fatalf("got %d, closing %v; want %d and the end", answer.StatusCode, answer.Close, status)
	}
	c.expectEnd(t)
}

// A hundred thousand of the smallest requests, sent as fast as they go. None is lost, and somebody else is
// served in between.
func TestManyTinyRequests(t *testing.T) {
	requests := 100_000
	if testing.Short() {
		requests = 10_000
	}
	const tiny = "GET /x HTTP/1.1\r\nHost:\r\n\r\n"
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, echo)
		c := a.dial(t)
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c, strings.Repeat(tiny, requests)+"GET /last HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n")
			sent <- err
		}()
		in := make([]byte, 64<<10)
		answers, kept, reads := 0, 0, 0 // an answer's beginning may be cut in two by a read
		for {
			n, err := c.TCPConn.Read(in[kept:])
			have := in[:kept+n]
			answers += bytes.Count(have, []byte(beginning))
			kept = copy(in, have[max(0, len(have)-len(beginning)+1):])
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if reads++; reads%16 == 1 {
				a.steady.ask(t)
			}
		}
		if err := arrive(t, "the last write", sent); err != nil {
			t.Fatal(err)
		}
		if answers != requests+1 {
			t.Errorf("%d answers to %d requests", answers, requests+1)
		}
		c.Close()
		a.recovers(t, 1)
	})
}

const beginning = "HTTP/1.1 200 OK\r\n"

// Readers that stop while there is more for them cost the server what it has collected for them, and nobody
// else anything. They are known to have stopped when the loop wants to write to them.
func TestReadersThatStop(t *testing.T) {
	large := http1.Response{Body: make([]byte, 32<<10)}
	handler := func(x *loop.Exchange) {
		if string(x.Request.Target) == "/large" {
			x.Respond(&large)
			return
		}
		echo(x)
	}
	onEveryPoller(t, func(t *testing.T, poller string) {
		a := newAbused(t, poller, handler)
		before := heap()
		var clients []*client
		for range abusers {
			c := a.dial(t)
			c.SetReadBuffer(4 << 10) // so that it does not take long until it is full
			clients = append(clients, c)
			c.send(t, strings.Repeat(get("/large"), 1000)) // 32 MiB of answers
		}
		for stopped := map[int]bool{}; len(stopped) < abusers; { // one may be wanted again after a part went out
			stopped[arrive(t, "a full socket", a.stuck)] = true
		}
		a.steady.ask(t)
		// Collected are at most 64 KiB and the answer that went beyond it, in a slice that append has made a
		// quarter larger; behind it lie the requests that were read.
		const most = 64<<10 + 64<<10 + 64<<10
		each := (int64(heap()) - int64(before)) / abusers
		t.Logf("a reader that stopped costs %d bytes", each)
		if each > most {
			t.Errorf("that is more than %d", most)
		}
		for _, c := range clients {
			c.reset()
		}
		a.recovers(t, abusers)
	})
}

// heap is what is reachable, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
