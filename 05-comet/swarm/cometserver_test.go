package swarm

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A cometServer is a comet server on net/http that can be told to be wrong.
type cometServer struct {
	*httptest.Server
	answer   func(nth, n int) string // the body for the nth of n waiters; nil: n
	notified func(n int) string      // the body for the notifier; nil: n
	wait     func() string           // instead of waiting
	count    func(n int) int         // instead of n

	mu       sync.Mutex
	waiters  []chan string
	from     map[string]int // waiters by their address
	parked   chan int       // gets every number of waiters, if there is room
	gone     chan struct{}  // gets one for each waiter that left
	counted  chan int       // gets every answer of /, if there is room
	read     chan struct{}  // gets one for each waiter that has read its answer
	stopping chan struct{}  // closed at the end of the test
}

// Bodies that are no bodies.
const (
	silence = "(no answer)"
	hangUp  = "(close)"
)

// newCometServer starts a server until the end of the test. What shall be wrong is set before it starts.
func newCometServer(t *testing.T, faults ...func(*cometServer)) *cometServer {
	const room = 10_000 // more than any test has events
	s := &cometServer{from: map[string]int{}, parked: make(chan int, room), counted: make(chan int, room),
		gone: make(chan struct{}, room), read: make(chan struct{}, room), stopping: make(chan struct{})}
	for _, fault := range faults {
		fault(s)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.stopping)
		s.Server.CloseClientConnections()
		s.Server.Close()
	})
	return s
}

func (s *cometServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/wait":
		body := ""
		if s.wait != nil {
			body = s.wait()
		} else {
			body = s.park(r)
		}
		switch body {
		case silence:
			<-s.stopping
		case hangUp:
			panic(http.ErrAbortHandler)
		default:
			s.send(w, body)
		}
	case "/notify":
		s.mu.Lock()
		woken := s.waiters
		s.waiters = nil
		s.mu.Unlock()
		for i, waiter := range woken {
			body := fmt.Sprint(len(woken))
			if s.answer != nil {
				body = s.answer(i, len(woken))
			}
			waiter <- body
		}
		if s.notified != nil {
			io.WriteString(w, s.notified(len(woken)))
		} else {
			fmt.Fprint(w, len(woken))
		}
	default:
		s.mu.Lock()
		n := len(s.waiters)
		s.mu.Unlock()
		if s.count != nil {
			n = s.count(n)
		}
		select {
		case s.counted <- n:
		default:
		}
		fmt.Fprint(w, n)
	}
}

// send answers a waiter: with a body, or with the bytes of a whole answer. Then it waits until the client
// closes, so that the test knows that it has read.
func (s *cometServer) send(w http.ResponseWriter, body string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	if !strings.HasPrefix(body, "HTTP/") {
		body = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	io.WriteString(c, body)
	c.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, c)
	s.read <- struct{}{}
}

func (s *cometServer) park(r *http.Request) string {
	waiter := make(chan string, 1)
	s.mu.Lock()
	s.waiters = append(s.waiters, waiter)
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	s.from[host]++
	select {
	case s.parked <- len(s.waiters):
	default:
	}
	s.mu.Unlock()
	select {
	case body := <-waiter:
		return body
	case <-r.Context().Done():
		s.gone <- struct{}{}
	case <-s.stopping:
	}
	return hangUp
}

// untilParked waits until n clients wait.
func (s *cometServer) untilParked(n int) {
	for parked := range s.parked {
		if parked == n {
			return
		}
	}
}

// untilCounted waits until / has answered n so many times: all but the last were read before the next
// question.
func (s *cometServer) untilCounted(n, times int) {
	for counted := range s.counted {
		if counted == n {
			times--
		}
		if times == 0 {
			return
		}
	}
}

// untilRead waits until n waiters have read their answers.
func (s *cometServer) untilRead(n int) {
	for range n {
		<-s.read
	}
}

// untilGone waits until n waiters have left.
func (s *cometServer) untilGone(n int) {
	for range n {
		<-s.gone
	}
}
