package serve_test

import (
	"bufio"
	"bytes"
	"errors"
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
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
)

// A stream is a net.Conn as serve wants it. What it lends is overwritten at the next wait.
type stream struct {
	*net.TCPConn
	buffer [4096]byte
}

func (s *stream) overwrite() {
	for i := range s.buffer {
		s.buffer[i] = 0xDB
	}
}

func (s *stream) Recv(until time.Time) ([]byte, error) {
	s.overwrite()
	s.SetReadDeadline(until)
	n, err := s.Read(s.buffer[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = strand.ErrTimeout
	}
	return s.buffer[:n], err
}

func (s *stream) Send(b []byte, until time.Time) error {
	s.SetWriteDeadline(until)
	_, err := s.Write(b)
	return err
}

// client serves one connection with o and returns its other end.
func client(t *testing.T, o serve.Options, wait func(*stream)) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{TCPConn: accepted.(*net.TCPConn)}
	handler := o.Handler
	o.Handler = func(r *http1.Request) *http1.Response {
		if wait != nil {
			wait(s)
		}
		return handler(r)
	}
	o.Now = time.Now
	done := make(chan struct{})
	go func() {
		defer close(done)
		var lent serve.Buffers
		serve.Connection(s, &lent, &o)
		s.Close()
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return c
}

// A journal is a log that the server writes and the test reads.
type journal struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.String()
}

func answer(t *testing.T, r *bufio.Reader) (status int, body string, closes bool) {
	t.Helper()
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b), a.Close
}

func path(r *http1.Request) *http1.Response {
	return &http1.Response{Type: "text/plain", Body: bytes.Clone(r.Path())}
}

// The handler waits, and the bytes of the requests behind its own are overwritten meanwhile: serve must
// have kept them.
func TestPipelinedRequestsSurviveAWait(t *testing.T) {
	waits := 0
	c := client(t, serve.Options{Handler: func(*http1.Request) *http1.Response {
		waits++
		return &http1.Response{Body: []byte{'0' + byte(waits)}}
	}}, (*stream).overwrite)
	io.WriteString(c, strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 3))
	r := bufio.NewReader(c)
	for _, want := range []string{"1", "2", "3"} {
		if status, body, _ := answer(t, r); status != 200 || body != want {
			t.Errorf("answer %s: %d %q", want, status, body)
		}
	}
}

func TestAPanicCostsOneAnswer(t *testing.T) {
	var log journal
	c := client(t, serve.Options{
		Handler: func(*http1.Request) *http1.Response { panic("on purpose") },
		Log:     slog.New(slog.NewTextHandler(&log, nil)),
	}, nil)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	r := bufio.NewReader(c)
	if status, _, closes := answer(t, r); status != 500 || !closes {
		t.Errorf("%d, close %v", status, closes)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
	if !strings.Contains(log.String(), "on purpose") || !strings.Contains(log.String(), "TestAPanicCostsOneAnswer") {
		t.Errorf("the log does not show what happened and where: %s", log.String())
	}
}

func TestANilAnswerIsAFailure(t *testing.T) {
	c := client(t, serve.Options{Handler: func(*http1.Request) *http1.Response { return nil }}, nil)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, _, _ := answer(t, bufio.NewReader(c)); status != 500 {
		t.Error(status)
	}
}

// A drain that begins while a request is handled: its answer says that it is the last.
func TestADrainEndsTheConnectionAfterItsAnswer(t *testing.T) {
	draining := false
	handler := func(r *http1.Request) *http1.Response {
		draining = string(r.Path()) == "/after"
		return path(r)
	}
	c := client(t, serve.Options{Handler: handler, Draining: func() bool { return draining }}, nil)
	r := bufio.NewReader(c)
	io.WriteString(c, "GET /before HTTP/1.1\r\nHost: h\r\n\r\n")
	if _, body, closes := answer(t, r); body != "/before" || closes {
		t.Errorf("before: %q, close %v", body, closes)
	}
	io.WriteString(c, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n")
	if _, body, closes := answer(t, r); body != "/after" || !closes {
		t.Errorf("after: %q, close %v", body, closes)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
}

// A refusal must reach a client that is still sending: closing with unread bytes would reset it away.
func TestARefusalReachesAClientThatStillSends(t *testing.T) {
	c := client(t, serve.Options{Handler: path}, nil)
	head := "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 1<<20)
	if _, err := io.WriteString(c, head); err != nil {
		t.Fatal("the server closed before all was sent: ", err)
	}
	r := bufio.NewReader(c)
	if status, _, closes := answer(t, r); status != 431 || !closes {
		t.Errorf("%d, close %v", status, closes)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
}

func TestTimeouts(t *testing.T) {
	const brief = 20 * time.Millisecond
	for name, test := range map[string]struct {
		timeouts serve.Timeouts
		send     string
		statuses []int // of the answers before the end
	}{
		"nothing received: in silence":        {serve.Timeouts{Header: brief}, "", nil},
		"part of a head: 408":                 {serve.Timeouts{Header: brief}, "GET / HTTP/1.1\r\nHo", []int{408}},
		"part of a body: 408":                 {serve.Timeouts{Request: brief}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", []int{408}},
		"idle: in silence":                    {serve.Timeouts{Idle: brief}, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", []int{200}},
		"part of a second head: 408":          {serve.Timeouts{Header: brief}, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET", []int{200, 408}},
		"the header time-out is not a body's": {serve.Timeouts{Header: time.Hour, Request: brief}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", []int{408}},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, serve.Options{Handler: path, Timeouts: test.timeouts}, nil)
			io.WriteString(c, test.send)
			r := bufio.NewReader(c)
			for _, want := range test.statuses {
				if status, _, _ := answer(t, r); status != want {
					t.Errorf("status %d, not %d", status, want)
				}
			}
			if _, err := r.ReadByte(); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}
