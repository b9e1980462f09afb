package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// A load is clients that ask for / without a pause until it is stopped. Half of them open a connection for
// each request, as ab does without -k; the other half keep theirs, and where the server has closed one
// between two requests they ask again on a new one, as every HTTP client must (RFC 9112, 9.3.1).
type load struct {
	address string
	over    chan struct{}
	clients sync.WaitGroup

	mu       sync.Mutex
	changed  sync.Cond
	answered int
	failed   []error // of requests that got no answer, or a wrong one
}

func startLoad(t *testing.T, address string, clients int) *load {
	l := &load{address: address, over: make(chan struct{})}
	l.changed.L = &l.mu
	for i := range clients {
		l.clients.Go(func() { l.client(i%2 == 0) })
	}
	t.Cleanup(func() { l.stop() })
	return l
}

// stop ends the load and returns how many requests were answered, and why the others were not.
func (l *load) stop() (answered int, failed []error) {
	select {
	case <-l.over:
	default:
		close(l.over)
	}
	l.clients.Wait()
	return l.answered, l.failed
}

// noneFailed ends the load and wants every request to have been answered.
func (l *load) noneFailed(t *testing.T) {
	t.Helper()
	answered, failed := l.stop()
	if answered == 0 {
		t.Error("no request was answered: nothing has been shown")
	}
	for i, err := range failed {
		if i == 10 {
			break
		}
		t.Error(err)
	}
	t.Logf("%d requests answered, %d failed", answered, len(failed))
}

func (l *load) client(keep bool) {
	var conn net.Conn
	var answers *bufio.Reader
	for {
		select {
		case <-l.over:
			if conn != nil {
				conn.Close()
			}
			return
		default:
		}
		kept := conn != nil
		var err error
		if !kept {
			if conn, err = net.Dial("tcp", l.address); err != nil {
				l.fail(err)
				conn = nil
				continue
			}
			conn.SetDeadline(time.Now().Add(patience))
			answers = bufio.NewReader(conn)
		}
		last, err := exchange(conn, answers, keep)
		if err == nil {
			l.succeed()
		} else if !(kept && errors.Is(err, errNothing)) {
			l.fail(err)
		}
		if err != nil || last {
			conn.Close()
			conn = nil
		}
	}
}

// errNothing says that the connection ended before the answer began.
var errNothing = errors.New("no byte of an answer")

// exchange asks once. last says that the connection is of no use afterwards.
func exchange(conn net.Conn, answers *bufio.Reader, keep bool) (last bool, err error) {
	ask := "GET / HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\n\r\n"
	if keep {
		ask = request
	}
	if _, err := io.WriteString(conn, ask); err != nil {
		return true, fmt.Errorf("%w: %w", errNothing, err)
	}
	if _, err := answers.Peek(1); err != nil {
		return true, fmt.Errorf("%w: %w", errNothing, err)
	}
	a, err := http.ReadResponse(answers, nil)
	if err != nil {
		return true, err
	}
	body, err := io.ReadAll(a.Body)
	if err == nil && (a.StatusCode != 200 || string(body) != "Hello, World!") {
		err = fmt.Errorf("status %d, body %q", a.StatusCode, body)
	}
	return a.Close, err
}

func (l *load) succeed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
	l.changed.Broadcast()
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, err)
}

// more waits until the load has had some more answers.
func (l *load) more(t *testing.T, answers int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	want := l.answered + answers
	if !awaitChange(&l.changed, func() bool { return l.answered >= want }) {
		t.Fatal("the load gets no answers")
	}
}

// awaitChange waits, with the lock held, until something has happened; false if it does not.
func awaitChange(changed *sync.Cond, happened func() bool) bool {
	late := false
	defer time.AfterFunc(patience, func() {
		changed.L.Lock()
		defer changed.L.Unlock()
		late = true
		changed.Broadcast()
	}).Stop()
	for !happened() && !late {
		changed.Wait()
	}
	return !late
}
