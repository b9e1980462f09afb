package conform

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A specimen is a whole server, small and correct, that can be given one fault. Correct, it is the proof
// that every group can be passed; with a fault it is one of the animals of the zoo.
type specimen struct {
	app   string
	fault string

	header, request, idle time.Duration // time-outs; 0: never

	held     atomic.Int64 // bytes of bodies that are arriving
	listener net.Listener
	comet    waitingList
	turn     sync.Mutex // for the fault one-at-a-time
}

// start lets the specimen serve until the test is over, and returns its URL.
func (s *specimen) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener = l
	var connections sync.WaitGroup
	var open sync.Map
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(conn, true)
			connections.Go(func() {
				if s.fault == "one-at-a-time" {
					s.turn.Lock()
					defer s.turn.Unlock()
				}
				s.serve(conn)
				conn.Close()
				open.Delete(conn)
			})
		}
	}()
	t.Cleanup(func() {
		l.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
	})
	return "http://" + l.Addr().String()
}

// A visit is one connection at the specimen. A goroutine reads all the time, so that the end of the
// stream is seen while a handler waits.
type visit struct {
	s       *specimen
	conn    net.Conn
	arrived chan []byte   // closed at the end of the stream
	gone    chan struct{} // closed then too
	reset   bool          // and how it ended
	pending []byte
	until   time.Time // when what is awaited must be there
	pieces  int       // reads that the request took
	waits   int       // how often this connection waited
	charged int64     // what it holds of the budget; negative: nothing is charged now
}

func (s *specimen) serve(conn net.Conn) {
	v := &visit{s: s, conn: conn, charged: -1, arrived: make(chan []byte, 1024), gone: make(chan struct{})}
	go func() {
		for {
			b := make([]byte, 32<<10)
			n, err := conn.Read(b)
			if n > 0 {
				v.arrived <- b[:n]
			}
			if err != nil {
				v.reset = err != io.EOF
				if v.reset && s.fault == "dies-of-a-reset" {
					s.listener.Close()
				}
				close(v.gone)
				close(v.arrived)
				return
			}
		}
	}()
	for idle := s.header; ; idle = s.idle {
		if !v.oneRequest(idle) {
			return
		}
	}
}

// oneRequest serves the next request and tells whether the connection goes on.
func (v *visit) oneRequest(idle time.Duration) bool {
	head, status := v.readHead(idle)
	if status != 0 {
		v.refuse(status)
		return false
	}
	if head == "" {
		return false
	}
	q := v.parse(head)
	if q.refused == 0 {
		q.refused = v.readBody(q)
	}
	switch {
	case q.refused < 0:
		return false
	case q.refused == 0:
	case v.s.fault == "refuses-and-stays":
		v.send(&question{minor: 1}, q.refused, "", "refused")
		return true
	case v.s.fault == "lenient" && q.refused != 408:
		q = &question{method: "GET", target: "/", minor: 1}
	default:
		v.refuse(q.refused)
		return false
	}
	if v.s.fault == "end-drops-answers" { // it reads to the end first, and takes that for the client's leave
		<-v.gone
		return false
	}
	return v.answer(q)
}

// readHead returns a head up to its empty line, "" at an end in silence, or a status to refuse with.
func (v *visit) readHead(idle time.Duration) (string, int) {
	limit := headLimit
	switch v.s.fault {
	case "small-heads":
		limit /= 2
	case "endless-heads":
		limit *= 100
	}
	v.expect(idle)
	begun := false
	v.pieces = 0
	for {
		if v.s.fault != "no-empty-lines" {
			for bytes.HasPrefix(v.pending, []byte("\r\n")) {
				v.pending = v.pending[2:]
			}
		}
		if len(v.pending) > 0 && !begun {
			begun = true
			v.expect(v.s.header)
		}
		end := bytes.Index(v.pending, []byte("\r\n\r\n")) + 4
		if end >= 4 && end <= limit {
			head := string(v.pending[:end])
			v.pending = v.pending[end:]
			return head, 0
		}
		if len(v.pending) > limit {
			return "", 431
		}
		if begun && v.s.fault == "a-read-is-a-request" {
			return "", 400
		}
		if status := v.more(); status != 0 {
			if status == 408 && (begun || v.s.fault == "408-to-the-silent") && v.s.fault != "mute-at-the-end" {
				return "", 408
			}
			return "", 0
		}
	}
}

// expect begins a time-out.
func (v *visit) expect(d time.Duration) {
	v.until = time.Now().Add(d)
	if d == 0 || v.s.fault == "endless-patience" {
		v.until = time.Time{}
	}
}

// more waits for more bytes: 0, 408 when the time is over, or -1 at the end.
func (v *visit) more() int {
	var late <-chan time.Time
	enough := v.s.fault == "a-byte-is-enough" && (len(v.pending) > 0 || v.charged >= 0)
	if !v.until.IsZero() && !enough {
		late = time.After(time.Until(v.until))
	}
	select {
	case b, open := <-v.arrived:
		if !open {
			return -1
		}
		v.pending = append(v.pending, b...)
		v.pieces++
		return v.charge(len(b))
	case <-late:
		return 408
	}
}

// charge takes bytes of a body off the budget of all: 0, or 503 if it is spent.
func (v *visit) charge(n int) int {
	if v.charged < 0 || v.s.fault == "no-budget" {
		return 0
	}
	v.charged += int64(n)
	if v.s.held.Add(int64(n)) > bodyBudget {
		return 503
	}
	return 0
}

// take waits until n bytes are pending and takes them.
func (v *visit) take(n int) ([]byte, int) {
	for len(v.pending) < n {
		if status := v.more(); status != 0 {
			return nil, status
		}
	}
	b := v.pending[:n]
	v.pending = v.pending[n:]
	return b, 0
}

// line waits for a line and takes it, without its end. A bare LF in it is refused.
func (v *visit) line() (string, int) {
	for {
		if end := bytes.IndexByte(v.pending, '\n'); end >= 0 {
			text, ok := strings.CutSuffix(string(v.pending[:end]), "\r")
			v.pending = v.pending[end+1:]
			if !ok {
				return "", 400
			}
			return text, 0
		}
		if status := v.more(); status != 0 {
			return "", status
		}
	}
}
