package nethttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/nethttp"
)

// The handler waits for its context and for nothing else, before its first byte or between two: that its
// client left is noticed by the coroutine, which waits with it.
func TestAHangUpCancelsTheContext(t *testing.T) {
	ways := map[string]func(*net.TCPConn){
		"close":                                  func(c *net.TCPConn) { c.Close() },
		"half-close":                             func(c *net.TCPConn) { c.CloseWrite() },
		"reset":                                  func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
		"a byte of the next request, then close": func(c *net.TCPConn) { io.WriteString(c, "G"); c.Close() },
	}
	for way, leave := range ways {
		for when, begin := range map[string]string{"before the first byte": "", "in the middle": "begun"} {
			t.Run(way+" "+when, func(t *testing.T) {
				started, ended := make(chan bool, 1), make(chan error, 2)
				s := start(t, nethttp.Offload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if begin != "" {
						io.WriteString(w, begin)
						w.(http.Flusher).Flush()
					}
					started <- true
					<-r.Context().Done()
					ended <- r.Context().Err()
					_, err := w.Write([]byte("too late"))
					ended <- err
				}))
				c := s.dial(t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
				arrive(t, "the handler", started)
				if begin != "" {
					readUntil(t, bufio.NewReader(c), begin)
				}
				leave(c.(*net.TCPConn))
				if err := arrive(t, "the end of the context", ended); err != context.Canceled {
					t.Errorf("the context ended with %v", err)
				}
				if err := arrive(t, "the write after it", ended); err == nil {
					t.Error("a Write after the client left was taken")
				}
			})
		}
	}
}

func TestAStopCancelsTheContext(t *testing.T) {
	started, ended := make(chan bool, 1), make(chan error, 1)
	s := start(t, nethttp.Offload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started <- true
		<-r.Context().Done()
		ended <- r.Context().Err()
	}))
	c := s.dial(t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	arrive(t, "the handler", started)
	s.scheduler.Post(s.scheduler.Stop)
	if err := arrive(t, "the end of the context", ended); err != context.Canceled {
		t.Errorf("the context ended with %v", err)
	}
	if answer, err := io.ReadAll(c); !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") {
		t.Errorf("the client reads %q, %v", answer, err)
	}
}

// readUntil reads up to a text.
func readUntil(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	var all []byte
	for !strings.HasSuffix(string(all), text) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("waiting for %q: %q, %v", text, all, err)
		}
		all = append(all, b)
	}
}

// The handler goes on only when its first piece has been read.
func TestTheFirstPieceArrivesBeforeTheHandlerEnds(t *testing.T) {
	flushes := map[string]func(http.ResponseWriter){
		"Flusher":            func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"ResponseController": func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
	}
	for name, flush := range flushes {
		for _, version := range []string{"1.1", "1.0"} {
			t.Run(name+" to HTTP/"+version, func(t *testing.T) {
				read := make(chan bool)
				s := start(t, nethttp.Offload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, "first,")
					flush(w)
					<-read
					io.WriteString(w, "second,")
					io.WriteString(w, "third")
				}))
				r := bufio.NewReader(s.dial(t, "GET / HTTP/"+version+"\r\nHost: h\r\n\r\n"))
				answer, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if chunked := len(answer.TransferEncoding) > 0; chunked != (version == "1.1") || answer.Close != (version == "1.0") {
					t.Errorf("transfer coding %q, close %v", answer.TransferEncoding, answer.Close)
				}
				first := make([]byte, len("first,"))
				if _, err := io.ReadFull(answer.Body, first); string(first) != "first," {
					t.Errorf("%q, %v", first, err)
				}
				close(read)
				if rest, err := io.ReadAll(answer.Body); string(rest) != "second,third" || err != nil {
					t.Errorf("%q, %v", rest, err)
				}
			})
		}
	}
}

// A client that reads nothing stops the handler in its Write; what is held for it stays small. When it reads
// again, nothing is missing.
func TestAClientThatDoesNotReadBlocksTheHandlerInWrite(t *testing.T) {
	const pieces, piece = 1024, 64 << 10 // 64 MiB: much more than sockets hold
	var written atomic.Int64
	s := start(t, nethttp.Offload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := []byte(strings.Repeat("x", piece))
		for range pieces {
			if _, err := w.Write(p); err != nil {
				t.Error(err)
			}
			written.Add(piece)
		}
	}))
	before := heap()
	c := s.dial(t, "GET / HTTP/1.0\r\n\r\n")
	for last := int64(-1); !s.waitsTo(t, "write") || last != written.Load(); { // until both stand still
		last = written.Load()
		runtime.Gosched()
	}
	if n := written.Load(); n > pieces*piece/2 {
		t.Errorf("it wrote %d bytes to a client that reads none", n)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("%d bytes are held for it", grown)
	}
	all, err := io.ReadAll(c)
	if _, body, _ := strings.Cut(string(all), "\r\n\r\n"); body != strings.Repeat("x", pieces*piece) || err != nil {
		t.Errorf("%d bytes of %d arrived, %v", len(body), pieces*piece, err)
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// waitsTo tells whether a connection's coroutine waits to read or to write.
func (s *site) waitsTo(t *testing.T, do string) bool {
	t.Helper()
	tasks := make(chan []coro.Task, 1)
	s.scheduler.Post(func() { tasks <- s.scheduler.Tasks() })
	for _, task := range arrive(t, "a turn of the loop", tasks) {
		if task.Name == "connection" && strings.HasPrefix(task.Why, do+" fd") {
			return true
		}
	}
	return false
}

// Handlers that wait for ever delay nobody: a hundred of them are at work while others are answered.
func TestABlockedHandlerDelaysNobody(t *testing.T) {
	const blocked, others = 100, 20
	started, gate := make(chan bool, blocked), make(chan bool)
	s := start(t, nethttp.Offload, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/blocked" {
			started <- true
			<-gate
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	var waiting []net.Conn
	for range blocked {
		waiting = append(waiting, s.dial(t, "GET /blocked HTTP/1.0\r\n\r\n"))
	}
	for range blocked {
		arrive(t, "a handler that blocks", started)
	}
	answered := 0
	for range others {
		if _, body := get(t, s.url+"/other"); body == "/other" {
			answered++
		}
	}
	if answered != others {
		t.Errorf("%d of %d were answered meanwhile", answered, others)
	}
	close(gate)
	for _, c := range waiting {
		if all, err := io.ReadAll(c); !strings.HasSuffix(string(all), "\r\n\r\n/blocked") || err != nil {
			t.Errorf("one that waited reads %q, %v", all, err)
		}
	}
}
