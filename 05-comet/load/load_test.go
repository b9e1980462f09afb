package load

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

func TestMain(m *testing.M) {
	if IsChild() {
		os.Exit(Child(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// A server is net/http's, and counts.
type server struct {
	requests, connections atomic.Int64
	answer                func(w http.ResponseWriter, nth int64) // nil: Hello, World!
	options               Options
}

func newServer(t *testing.T, answer func(w http.ResponseWriter, nth int64)) *server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{answer: answer}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nth := s.requests.Add(1)
		if s.answer != nil {
			s.answer(w, nth)
			return
		}
		fmt.Fprint(w, "Hello, World!")
	}), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}}
	go web.Serve(listener)
	t.Cleanup(func() { web.Close() })
	s.options = Options{Target: listener.Addr().(*net.TCPAddr).AddrPort(), Path: "/", Body: "Hello, World!", Clients: 5, Pipeline: 1, Requests: 200, Time: patience}
	return s
}

// An onlooker is a parent in the same process.
type onlooker struct {
	atReady func()
	report  Report
}

func (o *onlooker) ready(_ *coro.Scheduler, goOn strand.Waiter) {
	if o.atReady != nil {
		o.atReady()
	}
	goOn.Wake()
}
func (o *onlooker) done(r *Report) { o.report = *r }

// What the clients report is what the server counted, whatever the way they ask.
func TestCountsAreTheServers(t *testing.T) {
	for name, c := range map[string]struct {
		change                func(*Options)
		warm, total, sessions int64
	}{
		"kept alive":   {func(o *Options) {}, 5 * 9, 200, 5},
		"pipelined":    {func(o *Options) { o.Pipeline = 16 }, 5 * (1 + 8*16), 208, 5},
		"alone":        {func(o *Options) { o.Fresh = true }, 5 * 9, 200, 5*9 + 200},
		"with idle":    {func(o *Options) { o.Idle = 7 }, 5*9 + 7, 200, 12},
		"more clients": {func(o *Options) { o.Clients = 300; o.Requests = 600 }, 300 * 9, 600, 300},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			c.change(&s.options)
			look := &onlooker{atReady: func() {
				if got := s.requests.Load(); got != c.warm {
					t.Errorf("%d requests until all were ready, want %d", got, c.warm)
				}
			}}
			if err := run(s.options, look); err != nil {
				t.Fatal(err)
			}
			r := look.report
			if int64(r.Requests) != c.total || r.Failed != 0 {
				t.Errorf("reported %d requests and %d failures %v, want %d and none", r.Requests, r.Failed, r.Faults, c.total)
			}
			if got := s.requests.Load() - c.warm; got != c.total {
				t.Errorf("the server counted %d requests, want %d", got, c.total)
			}
			if got := s.connections.Load(); got != c.sessions {
				t.Errorf("the server counted %d connections, want %d", got, c.sessions)
			}
			if r.Median <= 0 || r.Median > r.P99 || r.P99 > r.Most || r.Most > r.Elapsed || r.CPU <= 0 {
				t.Errorf("the times are out of order: %+v", r)
			}
		})
	}
}

// A server that is wrong once, and wherever, is found out.
func TestWrongAnswersAreFailures(t *testing.T) {
	const late = 100 // long after the warm-up
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, nth int64)
		fault  string
	}{
		"wrong from the start": {func(w http.ResponseWriter, _ int64) { fmt.Fprint(w, "Hello, Wordl!") }, `the body is "Hello, Wordl!" instead of "Hello, World!"`},
		"not found":            {func(w http.ResponseWriter, _ int64) { w.WriteHeader(404) }, "the status is 404"},
		"wrong once": {func(w http.ResponseWriter, nth int64) {
			fmt.Fprint(w, map[bool]string{true: "Hello, Wordl!", false: "Hello, World!"}[nth == late])
		}, errDiffers.Error()},
		"another field once": {func(w http.ResponseWriter, nth int64) {
			if nth == late {
				w.Header()["X"] = []string{"y"}
			}
			fmt.Fprint(w, "Hello, World!")
		}, errDiffers.Error()},
		"gone once": {func(w http.ResponseWriter, nth int64) {
			if nth == late {
				panic(http.ErrAbortHandler)
			}
			fmt.Fprint(w, "Hello, World!")
		}, errNone.Error()},
	} {
		for _, fresh := range []bool{false, true} {
			t.Run(fmt.Sprint(name, fresh), func(t *testing.T) {
				s := newServer(t, c.answer)
				s.options.Fresh = fresh
				var look onlooker
				if err := run(s.options, &look); err != nil {
					t.Fatal(err)
				}
				if r := look.report; r.Failed == 0 || r.Faults[c.fault] != r.Failed {
					t.Errorf("%d failures %v, want some and all %q", r.Failed, r.Faults, c.fault)
				}
			})
		}
	}
}

// A process of its own sees the same, its connections stand until Close, and its parent's end is its own.
func TestProcess(t *testing.T) {
	s := newServer(t, nil)
	p, err := Start(s.options)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := s.requests.Load(); got != 5*9 {
		t.Errorf("%d requests before Go, want the warm-up's 45", got)
	}
	r, err := p.Go()
	if err != nil || r.Requests != 200 || r.Failed != 0 {
		t.Errorf("%+v, %v; want 200 requests", r, err)
	}
	p.Close()
	if state := p.command.ProcessState; !state.Success() {
		t.Errorf("the clients ended with %v", state)
	}
}

func TestProcessOfClientsThatFail(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ int64) { w.WriteHeader(500) })
	p, err := Start(s.options)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if r, err := p.Go(); err != nil || r.Failed == 0 || r.Faults["the status is 500"] == 0 {
		t.Errorf("%+v, %v; want failures", r, err)
	}
}

// A run by time ends with its time, and one with a slower server has fewer requests.
func TestTimeEndsARun(t *testing.T) {
	s := newServer(t, nil)
	s.options.Requests, s.options.Time = 0, 50*time.Millisecond
	var look onlooker
	if err := run(s.options, &look); err != nil {
		t.Fatal(err)
	}
	if r := look.report; r.Failed != 0 || r.Requests == 0 || r.Elapsed < s.options.Time {
		t.Errorf("%+v; want requests for 50 ms", r)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{Target: newServer(t, nil).options.Target, Path: "/", Clients: 1, Pipeline: 1, Time: time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"path": func(o *Options) { o.Path = "x" }, "0 clients": func(o *Options) { o.Clients = 0 },
		"clients and": func(o *Options) { o.Idle = MaxClients }, "pipeline": func(o *Options) { o.Pipeline = 0 },
		"own connection": func(o *Options) { o.Fresh, o.Pipeline = true, 2 }, "at most": func(o *Options) { o.Time = 0 },
	} {
		o := good
		change(&o)
		if _, err := Start(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The pattern is the same whatever the pieces it comes in, and nothing but the date may change.
func TestPatternInPieces(t *testing.T) {
	const first = "HTTP/1.1 200 OK\r\nServer: x\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"
	p, err := learn([]byte(first), "ok", false)
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	other := strings.Replace(first, "Mon, 01 Jan 2024 00:00:00", "Tue, 02 Feb 2025 11:11:11", 1)
	stream := first + other + other
	for size := 1; size <= len(stream); size++ {
		at, answered := 0, 0
		for rest := stream; rest != ""; {
			n := min(size, len(rest))
			end, ended, good := p.match([]byte(rest[:n]), at)
			if !good {
				t.Fatalf("in pieces of %d a good answer does not match", size)
			}
			at, answered, rest = end, answered+ended, rest[n:]
		}
		if at != 0 || answered != 3 {
			t.Errorf("in pieces of %d: %d answers and %d bytes, want 3 and 0", size, answered, at)
		}
	}
	for i := range first {
		bad := []byte(first)
		bad[i] ^= 1
		_, _, good := p.match(bad, 0)
		if inDate := i >= p.from && i < p.to; good != inDate {
			t.Errorf("with byte %d (%q) changed it matches: %v", i, first[i], good)
		}
	}
	if p, err := learn([]byte(first[:len(first)-1]), "ok", false); p != nil || err != nil {
		t.Errorf("of an answer that is not whole a pattern was made: %v, %v", p, err)
	}
}
