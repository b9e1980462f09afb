package main

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (s *server) signal(what syscall.Signal) {
	s.Helper()
	if err := syscall.Kill(s.pid, what); err != nil {
		s.Fatal(err)
	}
}

// reload returns when the new generation serves.
func (s *server) reload() {
	s.Helper()
	s.signal(syscall.SIGHUP)
	s.read("generation is ready")
}

// killOne kills a worker that is not about to end, and returns when another one is started.
func (s *server) killOne() {
	s.Helper()
	for _, w := range s.stats().Workers {
		if !w.Draining {
			syscall.Kill(w.Pid, syscall.SIGKILL)
			s.read("worker ended and is replaced")
			return
		}
	}
	s.Fatalf("all workers drain: %+v", s.stats())
}

// upgrade returns when a generation of the new program serves.
func (s *server) upgrade() {
	s.Helper()
	s.signal(syscall.SIGUSR2)
	s.read("this program has taken over")
	s.read("generation is ready")
}

// Publish, reload, publish, kill a worker, publish, upgrade, publish: the first cursor still answers all,
// without a reset; and those who wait all the while, or come back when they are sent away, get everything once.
func TestTheFirstCursorAnswersAll(t *testing.T) {
	s := startServer(t, "-workers", "2", "-drain-window", "300ms")
	first := s.since("a", 0, 0)
	const clients = 20
	got := make(chan []string, clients)
	for range clients {
		go func() { got <- s.everything(first, "over") }()
	}
	s.await("they wait", func() bool { return s.stats().Listening == clients })
	want := []string{}
	for round := range 4 { // and what happens after each
		for i := range 5 {
			want = append(want, fmt.Sprint(round, " ", i))
			s.publish("a", want[len(want)-1])
		}
		switch round {
		case 0:
			s.reload()
		case 1:
			s.killOne()
		case 2:
			s.upgrade()
		}
	}
	want = append(want, "over")
	s.publish("a", "over")
	if a := s.since("a", first.Epoch, first.Next); a.Reset || a.More || !slices.Equal(want, a.data()) {
		t.Errorf("the first cursor: %+v", a)
	}
	for range clients {
		if data := <-got; !slices.Equal(want, data) {
			t.Errorf("a client got %q", data)
		}
	}
}

// everything polls until it has been told a last word. A connection that breaks is asked again.
func (s *server) everything(from answer, last string) (data []string) {
	for end := time.Now().Add(patience); !slices.Contains(data, last) && time.Now().Before(end); {
		a, err := outside.Get(fmt.Sprintf("http://%s/events?topic=a&since=%d-%d", s.addr, from.Epoch, from.Next))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(a.Body)
		a.Body.Close()
		if from2, ok := parsed(text); err == nil && ok && a.StatusCode == 200 {
			if data = append(data, from2.data()...); from2.Reset {
				return append(data, "a reset")
			}
			from.Next = from2.Next
		}
	}
	return data
}

// A drain sends away those who can come back, with their cursor; a waiter of 2009 stays, is counted and told.
func TestAReloadKeepsWaiters(t *testing.T)   { keepsWaiters(t, (*server).reload) }
func TestAnUpgradeKeepsWaiters(t *testing.T) { keepsWaiters(t, (*server).upgrade) }

func keepsWaiters(t *testing.T, renew func(*server)) {
	s := startServer(t, "-workers", "2", "-drain-window", "200ms")
	epoch := s.since("a", 0, 0).Epoch
	n := s.publish("b", "so that there is a number")
	poll, stream, wait := s.connect(), s.stream("/stream?topic=a"), s.connect()
	poll.get(fmt.Sprintf("/events?topic=a&since=%d-%d", epoch, n))
	wait.get("/wait")
	s.await("they wait", func() bool { c := s.stats(); return c.Listening == 2 && c.Waiting == 1 })
	old := s.workers()
	renew(s)
	if a, body := poll.answer(t); a.StatusCode != 200 || !a.Close || body != fmt.Sprintf("{\"epoch\":%d,\"next\":%d,\"events\":[],\"more\":false}\n", epoch, n) {
		t.Errorf("the poll: %s %q, close %v", a.Status, body, a.Close)
	}
	for stream.block() != "" { // and so it ends, in order
	}
	if err := stream.lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	s.await("of the old workers only the one that holds the waiter is left", func() bool {
		draining := 0
		for _, w := range s.stats().Workers {
			if w.Draining && slices.Contains(old, w.Pid) {
				draining++
			}
		}
		return draining == 1
	})
	if _, count := s.asked("GET", "/", ""); count != "1" {
		t.Errorf("%s wait", count)
	}
	if _, told := s.asked("POST", "/notify", ""); told != "1" {
		t.Errorf("notify told %s", told)
	}
	if a, body := wait.answer(t); a.StatusCode != 200 || body != "1" {
		t.Errorf("the waiter was told %s %q", a.Status, body)
	}
}

// TERM: not ready any more, listeners away within the window, and at the hard deadline those of 2009.
func TestAStop(t *testing.T) {
	s := startServer(t, "-workers", "1", "-drain-window", "200ms", "-drain-time", "2s", "-defer-accept=false")
	epoch := s.since("a", 0, 0).Epoch
	ready, poll, wait := s.connect(), s.connect(), s.connect()
	ready.get("/readyz")
	if a, _ := ready.answer(t); a.StatusCode != 200 {
		t.Errorf("/readyz: %s", a.Status)
	}
	io.WriteString(ready, "GET /readyz HTTP/1.1\r\n") // half a request, which is still welcome
	poll.get(fmt.Sprintf("/events?topic=a&since=%d-0", epoch))
	wait.get("/wait")
	s.await("they wait", func() bool { c := s.stats(); return c.Listening == 1 && c.Waiting == 1 })
	began := time.Now()
	s.signal(syscall.SIGTERM)
	if a, body := poll.answer(t); a.StatusCode != 200 || !strings.Contains(body, `"next":0`) || !a.Close {
		t.Errorf("the poll: %s %q", a.Status, body)
	}
	io.WriteString(ready, "Host: h\r\n\r\n")
	if a, _ := ready.answer(t); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("/readyz while it stops: %s", a.Status)
	}
	if a, _ := wait.answer(t); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("the waiter was told %s", a.Status)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("the waiter was cut off after %v", took)
	}
}

// With -drain-delay TERM begins with /readyz, while new clients are served as before, so that a load balancer which
// asks /readyz on a new connection each time sees it fail, before one of its clients is refused. A second TERM does
// not wait for the end of that.
func TestAStopIsAnnounced(t *testing.T) {
	s := startServer(t, "-workers", "2", "-drain-delay", "1h")
	epoch := s.since("a", 0, 0).Epoch
	poll := s.connect()
	poll.get(fmt.Sprintf("/events?topic=a&since=%d-0", epoch))
	s.await("it waits", func() bool { return s.stats().Listening == 1 })
	s.signal(syscall.SIGTERM)
	s.await("/readyz fails on new connections", func() bool { a, _ := s.asked("GET", "/readyz", ""); return a.StatusCode == 503 })
	if a, _ := s.asked("GET", "/healthz", ""); a.StatusCode != 200 {
		t.Errorf("/healthz: %s", a.Status)
	}
	if c := s.stats(); c.Listening != 1 {
		t.Errorf("%d clients wait, before the drain", c.Listening)
	}
	s.publish("a", "published while the stop is announced")
	if a, body := poll.answer(t); a.StatusCode != 200 || a.Close || !strings.Contains(body, "announced") {
		t.Errorf("who waits is told %s %q, close %v", a.Status, body, a.Close)
	}
	s.signal(syscall.SIGTERM) // and the end of the test sees that it ends
}

// A client written from docs/protocol.md in curl and sh loses nothing and doubles nothing, while the server
// is reloaded and loses a worker.
func TestAShellClientLosesNothing(t *testing.T) {
	for _, tool := range []string{"curl", "sh", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here: install the package %s", tool, tool)
		}
	}
	s := startServer(t, "-workers", "2", "-drain-window", "300ms")
	script, err := filepath.Abs("testdata/follow.sh")
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command("sh", script, "http://"+s.addr, "a", "over")
	out, err := client.StdoutPipe()
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(patience, func() { client.Process.Kill() }).Stop()
	s.await("it waits", func() bool { return s.stats().Listening == 1 })
	want := ""
	for i := range 60 {
		s.publish("a", fmt.Sprint("line ", i))
		want += fmt.Sprint("line ", i, "\n")
		switch i {
		case 20:
			s.reload()
		case 40:
			s.killOne()
		}
	}
	s.publish("a", "over")
	got, err := io.ReadAll(out)
	if err == nil {
		err = client.Wait()
	}
	if err != nil || string(got) != want {
		t.Errorf("%v; it has %q", err, got)
	}
}
