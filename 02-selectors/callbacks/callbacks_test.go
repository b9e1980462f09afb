package callbacks_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/callbacks"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// patience is how long a test waits for what must happen: far longer than it ever takes.
const patience = 20 * time.Second

func serve(t *testing.T, poller string) string {
	t.Helper()
	p, err := poll.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := loop.New(l, p, callbacks.NewComet().Handle, loop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return at.String()
}

// A client speaks bytes and lets package net/http judge the answers.
type client struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, at string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) send(t *testing.T, method, target string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: c10k\r\n\r\n", method, target); err != nil {
		t.Fatal(err)
	}
}

func (c *client) receive(t *testing.T, method string) (*http.Response, string) {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func (c *client) get(t *testing.T, target string) string {
	t.Helper()
	c.send(t, "GET", target)
	_, body := c.receive(t, "GET")
	return body
}

// counts waits until so many wait: it asks, and is paced by the answers.
func (c *client) counts(t *testing.T, want int) {
	t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if last = c.get(t, "/"); last == fmt.Sprint(want) {
			return
		}
	}
	t.Fatalf("%s wait, want %d", last, want)
}

// Clients come, leave in any order and come again; the count is exact, and those who stayed are told by
// one notify.
func TestWaitersComeAndLeave(t *testing.T) {
	for _, poller := range poll.Names() {
		t.Run(poller, func(t *testing.T) {
			random := rand.New(rand.NewPCG(2009, 0))
			at := serve(t, poller)
			asking := dial(t, at)
			var waiting []*client
			for range 5 {
				for range 40 {
					c := dial(t, at)
					c.send(t, "GET", "/wait")
					waiting = append(waiting, c)
				}
				asking.counts(t, len(waiting))
				random.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
				for range 20 {
					last := len(waiting) - 1
					waiting[last].Close()
					waiting = waiting[:last]
					if random.IntN(4) == 0 {
						asking.counts(t, len(waiting))
					}
				}
				asking.counts(t, len(waiting))
			}
			if n := asking.get(t, "/notify?why=now"); n != fmt.Sprint(len(waiting)) {
				t.Errorf("notify answers %s, want %d", n, len(waiting))
			}
			for _, c := range waiting {
				if _, n := c.receive(t, "GET"); n != fmt.Sprint(len(waiting)) {
					t.Errorf("a waiter was told %s, want %d", n, len(waiting))
				}
			}
			if n := asking.get(t, "/notify"); n != "0" {
				t.Errorf("a notify with nobody there answers %s", n)
			}
		})
	}
}

// A client that is answered and waits again at once is not answered a second time by the same notify.
func TestWhoComesBackWaitsForTheNext(t *testing.T) {
	at := serve(t, "")
	waiter, asking := dial(t, at), dial(t, at)
	waiter.send(t, "GET", "/wait")
	waiter.send(t, "GET", "/wait")
	asking.counts(t, 1)
	for range 2 {
		if n := asking.get(t, "/notify"); n != "1" {
			t.Fatalf("notify answers %s, want 1", n)
		}
		if _, n := waiter.receive(t, "GET"); n != "1" {
			t.Fatalf("the waiter was told %s, want 1", n)
		}
		// The second /wait was pipelined: when the first is answered, it is parked.
	}
	asking.counts(t, 0)
}

func TestMethods(t *testing.T) {
	cases := []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/", 200, ""},
		{"HEAD", "/", 200, ""},
		{"HEAD", "/any/other?x=1", 200, ""},
		{"POST", "/", 405, "GET, HEAD"},
		{"HEAD", "/wait", 405, "GET"},
		{"POST", "/wait?x", 405, "GET"},
		{"HEAD", "/notify", 405, "GET, POST"},
		{"DELETE", "/notify", 405, "GET, POST"},
		{"POST", "/notify", 200, ""},
		{"GET", "/notify", 200, ""},
		{"get", "/", 405, "GET, HEAD"},
	}
	c := dial(t, serve(t, ""))
	for _, test := range cases {
		c.send(t, test.method, test.target)
		answer, body := c.receive(t, test.method)
		if answer.StatusCode != test.status || answer.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: got %d, Allow %q; want %d, %q", test.method, test.target,
				answer.StatusCode, answer.Header.Get("Allow"), test.status, test.allow)
		}
		if test.status == 405 && test.method != "HEAD" && !strings.Contains(body, test.allow) {
			t.Errorf("%s %s: the body %q does not say what is allowed", test.method, test.target, body)
		}
	}
}
