package nethttp_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/nethttp"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

const patience = 10 * time.Second // only a fault takes as long

// A site is a handler on the scheduler, served over real sockets until the test ends.
type site struct {
	scheduler *coro.Scheduler
	address   string
	url       string
	log       record
}

// An adapter is Inline or Offload.
type adapter func(*coro.Scheduler, http.Handler) http1.Handler

// bothWays runs a test with each of them.
func bothWays(t *testing.T, test func(t *testing.T, way adapter)) {
	t.Run("Inline", func(t *testing.T) { test(t, nethttp.Inline) })
	t.Run("Offload", func(t *testing.T) { test(t, nethttp.Offload) })
}

func start(t *testing.T, way adapter, h http.Handler) *site {
	return startOurs(t, coro.Options{}, func(s *coro.Scheduler) http1.Handler { return way(s, h) })
}

// startOurs serves a handler of ours, which may choose between adapters. It is made for the scheduler that
// will run it. What is lent is overwritten at each switch, so that a forgotten copy is seen.
func startOurs(t *testing.T, o coro.Options, handler func(*coro.Scheduler) http1.Handler) *site {
	t.Helper()
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	o.Poison = true
	s := coro.New(kernel, o)
	l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 128})
	if err != nil {
		t.Fatal(err)
	}
	at := &site{scheduler: s, address: l.At().String(), url: "http://" + l.At().String()}
	log := slog.New(slog.NewTextHandler(&at.log, nil))
	serving := &server.Server{Scheduler: s, Listener: l, Most: 1000, Log: log,
		Options: serve.Options{Handler: handler(s), Now: s.Now, Log: log}}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(func() { serving.Serve() }) }()
	t.Cleanup(func() {
		s.Post(s.Stop)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			kernel.End()
		case <-time.After(patience):
			t.Errorf("the scheduler was stopped and has not ended within %v: does a handler that waits stand on its thread?", patience)
		}
	})
	return at
}

// A record is a log that several goroutines write and read.
type record struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.String()
}

// get asks with a client of its own, so that no connection is left to the next request.
func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: the body breaks off after %d bytes: %v", url, len(body), err)
	}
	return response, string(body)
}

// dial connects and sends.
func (s *site) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// arrive waits for an event, and fails the test when it does not come.
func arrive[T any](t *testing.T, what string, events <-chan T) (event T) {
	t.Helper()
	select {
	case event = <-events:
	case <-time.After(patience):
		t.Fatalf("%s did not happen within %v", what, patience)
	}
	return event
}
