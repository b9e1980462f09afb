package specimens

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// patience is how long a test waits for what must happen: far longer than it ever takes.
const patience = 20 * time.Second

// A specimen is driven by the test itself, turn by turn: that is what makes its faults, which depend on who
// is first, come every time.
type specimen struct {
	*Server
	at         string
	complaints []error
}

func newSpecimen(t *testing.T, name string, o Options) *specimen {
	t.Helper()
	s := &specimen{}
	o.Complain = func(err error) { s.complaints = append(s.complaints, err) }
	server, at, err := New(name, "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.close)
	s.Server, s.at = server, at.String()
	return s
}

// look waits until the first worker has something to do, and returns its own copy of what that is.
func (s *specimen) look(t *testing.T, w *worker) []poll.Event {
	t.Helper()
	events, err := w.look(patience)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) == 0 {
		t.Fatal("nobody is ready, and somebody should be")
	}
	return slices.Clone(events)
}

// turn runs one turn of the first worker.
func (s *specimen) turn(t *testing.T) {
	t.Helper()
	if err := s.workers[0].call(s.look(t, s.workers[0])); err != nil {
		t.Fatal(err)
	}
}

func (s *specimen) turns(t *testing.T, n int) {
	t.Helper()
	for range n {
		s.turn(t)
	}
}

// lookUntilReadable looks until a connection has something to read.
func (s *specimen) lookUntilReadable(t *testing.T) []poll.Event {
	t.Helper()
	for {
		events := s.look(t, s.workers[0])
		if slices.ContainsFunc(events, func(e poll.Event) bool { return e.Ready&poll.Read != 0 }) {
			return events
		}
	}
}

// idle asserts that the first worker waits for its clients, who in turn wait for it.
func (s *specimen) idle(t *testing.T) {
	t.Helper()
	if events, err := s.workers[0].look(0); err != nil || len(events) > 0 {
		t.Fatalf("the worker has %v to do (%v), want nothing", events, err)
	}
}

// connection is the only connection of the first worker.
func (s *specimen) connection(t *testing.T) int {
	t.Helper()
	for fd := range s.workers[0].callbacks {
		if fd != int(s.listener) {
			return fd
		}
	}
	t.Fatal("the worker has no connection")
	return -1
}

// awaitReset waits until a reset has come to a socket of this process.
func awaitReset(t *testing.T, fd int) {
	t.Helper()
	look := []unix.PollFd{{Fd: int32(fd)}} // asks for nothing: an error is reported unasked (poll(2))
	for {
		n, err := unix.Poll(look, int(patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("no reset has come: %v", err)
		}
		return
	}
}

// A client speaks bytes and lets package net/http read the answers.
type client struct {
	*net.TCPConn
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
	return &client{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c *client) send(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

func (c *client) expect(t *testing.T, status int) *http.Response {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatalf("instead of %d: %v", status, err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != status {
		t.Fatalf("got %d (%v), want %d", answer.StatusCode, err, status)
	}
	return answer
}

// expectEnd reads the end of the stream and nothing before it.
func (c *client) expectEnd(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(c.answers); err != nil || len(rest) > 0 {
		t.Fatalf("got %q and %v, want the end of the stream", rest, err)
	}
}

// expectReset reads up to a reset.
func (c *client) expectReset(t *testing.T) {
	t.Helper()
	if read, err := io.ReadAll(c.answers); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("after %q: %v; the fault is a reset", read, err)
	}
}

// reset closes so that the server gets a reset instead of an end.
func (c *client) reset() {
	c.SetLinger(0)
	c.Close()
}

const (
	get      = "GET / HTTP/1.1\r\nHost: c10k\r\n\r\n"
	getClose = "GET / HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\n\r\n"
	getKept  = "GET / HTTP/1.1\r\nHost: c10k\r\nConnection: Keep-Alive\r\n\r\n"
)

// long is a request whose head has so many bytes.
func long(bytes int) string {
	const head, end = "GET / HTTP/1.1\r\nHost: c10k\r\nConnection: Keep-Alive\r\nFiller: ", "\r\n\r\n"
	return head + strings.Repeat("x", bytes-len(head)-len(end)) + end
}

// A repaired server is that of package loop. It has ended when the test is over.
type repaired struct {
	at     string
	poller *observed
}

func newRepaired(t *testing.T, body []byte, o loop.Options) *repaired {
	t.Helper()
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &repaired{at.String(), run(t, l, body, o)}
}

// run runs a loop on a listener.
func run(t *testing.T, l sock.NonBlocking, body []byte, o loop.Options) *observed {
	t.Helper()
	p, err := poll.New("")
	if err != nil {
		t.Fatal(err)
	}
	answer := &http1.Response{Type: "text/plain", Body: body}
	watched := &observed{Poller: p, sets: make(chan set, 1000)}
	s, err := loop.New(l, watched, func(x *loop.Exchange) { x.Respond(answer) }, o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Run() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return watched
}

var header = loop.Options{Timeouts: serve.Timeouts{Header: 30 * time.Millisecond}}

// observed is a poller that tells what it was asked.
type observed struct {
	poll.Poller
	waits atomic.Int64
	sets  chan set
}

// set is what was declared of a descriptor.
type set struct {
	fd   int
	want poll.Interest
}

func (o *observed) Set(fd int, want poll.Interest) error {
	select {
	case o.sets <- set{fd, want}:
	default: // more than any test looks at
	}
	return o.Poller.Set(fd, want)
}

func (o *observed) Wait(evs []poll.Event, d time.Duration) (int, error) {
	o.waits.Add(1)
	return o.Poller.Wait(evs, d)
}

// until waits for a declaration of a descriptor that is not the listener nor the loop's own.
func (o *observed) until(t *testing.T, what string, match func(set) bool) set {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case s := <-o.sets:
			if match(s) {
				return s
			}
		case <-late:
			t.Fatalf("%s did not happen", what)
		}
	}
}
