package loop_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// patience is how long a test waits for what must happen: far longer than it ever takes.
const patience = 20 * time.Second

// What is asserted of a time-out is that it runs out, and in which way, never when.
const (
	short = 150 * time.Millisecond // it runs out; nothing has to be done before
	fair  = 700 * time.Millisecond // it runs out, but never between two steps that follow each other at once
)

// TestMain lets Go's own poller open its descriptors first, as the tests count theirs. Parallel tests
// wait for time-outs and do not compute, so there may be more of them than cores; an explicit -parallel wins.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "32")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		l.Close()
	}
	os.Exit(m.Run())
}

// onEveryPoller runs a test once for each poller of this system.
func onEveryPoller(t *testing.T, test func(t *testing.T, poller string)) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}

// A serving server. Its Run has ended, without an error, and with as many descriptors as before, when the
// test is over.
type serving struct {
	*loop.Server
	listener sock.NonBlocking
	before   int // descriptors
	at       string
	port     int
	sets     *settings
	log      *records
	done     chan struct{} // closed when Run has ended
	err      error         // of Run; read it after done
}

func start(t *testing.T, poller string, h loop.Handler, o loop.Options) *serving {
	t.Helper()
	return startOn(t, poller, sock.Options{}, h, o)
}

func startOn(t *testing.T, poller string, lo sock.Options, h loop.Handler, o loop.Options) *serving {
	t.Helper()
	s := prepare(t, poller, lo, h, o)
	s.run(t)
	return s
}

// uncounted descriptors are not compared: others come and go while this server ends.
const uncounted = -1

// run runs the server until the test is over.
func (s *serving) run(t *testing.T) {
	go func() { s.err = s.Run(); close(s.done) }()
	t.Cleanup(func() {
		s.Stop()
		s.ended(t)
		if after := descriptors(t); s.before != uncounted && after != s.before {
			t.Errorf("%d descriptors are open, before the server it were %d", after, s.before)
		}
	})
}

func prepare(t *testing.T, poller string, lo sock.Options, h loop.Handler, o loop.Options) *serving {
	t.Helper()
	before := descriptors(t)
	p, err := poll.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", lo)
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{before: before, listener: l, at: at.String(), port: int(at.Port()),
		sets: &settings{Poller: p}, log: &records{}, done: make(chan struct{})}
	o.Log = slog.New(s.log)
	if s.Server, err = loop.New(l, s.sets, h, o); err != nil {
		t.Fatal(err)
	}
	return s
}

// ended waits for Run.
func (s *serving) ended(t *testing.T) {
	t.Helper()
	select {
	case <-s.done:
		if s.err != nil {
			t.Errorf("Run: %v", s.err)
		}
	case <-time.After(patience):
		t.Fatal("Run does not end")
	}
}

// dial opens a connection that is closed with the test.
func (s *serving) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	return &client{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// A client speaks bytes and lets package net/http judge the answers.
type client struct {
	*net.TCPConn
	answers *bufio.Reader
}

func (c *client) send(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// get is a whole request for a path.
func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: c10k\r\n\r\n" }

// expect reads an answer to GET.
func (c *client) expect(t *testing.T, status int, body string) *http.Response {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatalf("instead of %d %.80q: %v", status, body, err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || string(got) != body {
		t.Fatalf("got %d %.80q (%v), %d bytes; want %d %.80q, %d bytes",
			answer.StatusCode, got, err, len(got), status, body, len(body))
	}
	return answer
}

// body reads an answer, whatever it is.
func (c *client) body(t *testing.T) string {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// expectEnd reads the end of the stream, and nothing before it.
func (c *client) expectEnd(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(c.answers); err != nil || len(rest) > 0 {
		t.Fatalf("got %q and %v, want the end of the stream", rest, err)
	}
}

// reset closes so that the server gets a reset instead of an end.
func (c *client) reset() {
	c.SetLinger(0)
	c.Close()
}

// echo answers the path, without its slash.
func echo(x *loop.Exchange) {
	x.Respond(&http1.Response{Type: "text/plain", Body: x.Request.Path()[1:]})
}

// arrive waits for an event.
func arrive[T any](t *testing.T, what string, events <-chan T) T {
	t.Helper()
	select {
	case v := <-events:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
		panic("unreachable")
	}
}

// settings is a poller that remembers what was declared of each descriptor, and counts its waits. It is
// read when Run has ended.
type settings struct {
	poll.Poller
	of    map[int][]poll.Interest
	waits int
	fails error                            // what Wait answers, if it is not nil
	told  func(fd int, want poll.Interest) // called at each Set, if it is not nil
}

func (s *settings) Set(fd int, want poll.Interest) error {
	if s.of == nil {
		s.of = make(map[int][]poll.Interest)
	}
	s.of[fd] = append(s.of[fd], want)
	if s.told != nil {
		s.told(fd, want)
	}
	return s.Poller.Set(fd, want)
}

func (s *settings) Wait(evs []poll.Event, d time.Duration) (int, error) {
	s.waits++
	if s.fails != nil {
		return 0, s.fails
	}
	return s.Poller.Wait(evs, d)
}

// records keeps what was logged.
type records struct {
	sync.Mutex
	text strings.Builder
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }
func (r *records) Handle(_ context.Context, record slog.Record) error {
	r.Lock()
	defer r.Unlock()
	r.text.WriteString(record.Message)
	record.Attrs(func(a slog.Attr) bool { r.text.WriteString(" " + a.String()); return true })
	r.text.WriteByte('\n')
	return nil
}

func (r *records) has(s string) bool {
	r.Lock()
	defer r.Unlock()
	return strings.Contains(r.text.String(), s)
}

// descriptors counts those that this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	dir := "/proc/self/fd"
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		dir = "/dev/fd"
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
