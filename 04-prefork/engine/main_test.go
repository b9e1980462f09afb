package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/04-prefork/prefork"
)

// The test binary plays all three parts: started by go test it is the test, with roleVariable set it is a
// master, and started by that master a worker, which runs an engine.
const roleVariable = "C10K_TEST_ENGINE"

// A role is what a server of these tests is.
type role struct {
	Engine  string // "threads" or "coroutines"
	Mode    prefork.Mode
	Workers int           // 0: one
	Most    int           // a worker's limit of connections; 0: the machine's
	Drain   time.Duration // DrainTime; 0: as long as a test may take
	Hang    time.Duration // the master's HangTimeout; 0: the default
}

// patience is how long a test waits for an event that must come.
const patience = 20 * time.Second

// Frames between a worker and its master.
const (
	typeAsk    = prefork.FirstApplicationType + iota // a handler asks the master
	typeAnswer                                       // and is answered with what it asked
)

func TestMain(m *testing.M) {
	worker, isWorker := prefork.Inherited()
	var r role
	told := os.Getenv(roleVariable)
	if told == "" {
		os.Exit(m.Run())
	}
	if err := json.Unmarshal([]byte(told), &r); err != nil {
		panic(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if isWorker {
		os.Exit(r.work(worker, log))
	}
	os.Exit(r.lead(log))
}

// lead is the master. It listens with TCP_DEFER_ACCEPT, so that a request has arrived, in part at least, when
// its connection is accepted.
func (r role) lead(log *slog.Logger) (exit int) {
	listener, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{Backlog: 128, DeferAccept: true})
	if err != nil {
		panic(err)
	}
	return prefork.Run(prefork.Config{
		Workers: max(1, r.Workers), Mode: r.Mode, Listener: int(listener), HangTimeout: r.Hang, Log: log,
		Serving:     func() { command.Listening(at) },
		Application: func(m *prefork.Master) prefork.Application { return echo{m} },
	})
}

// echo is a master's application that answers whoever asks with what was asked.
type echo struct{ master *prefork.Master }

func (echo) Joined(prefork.WorkerID) {}
func (echo) Left(prefork.WorkerID)   {}
func (e echo) Frame(w prefork.WorkerID, typ byte, payload []byte) {
	e.master.Send(w, typeAnswer, payload)
}

// work is a worker.
func (r role) work(w *prefork.Worker, log *slog.Logger) (exit int) {
	c := Config{Worker: w, Timeouts: serve.DefaultTimeouts, DeferAccept: true, Alone: r.Workers < 2, Log: log,
		DrainTime: cmp.Or(r.Drain, 2*patience)}
	if r.Engine == "threads" {
		return Threads(c, func(m strand.Model) (http1.Handler, error) { return newApplication(m, w).handle, nil })
	}
	var a *application
	c.Application = func(s *coro.Scheduler) (http1.Handler, func(byte, []byte), error) {
		a = newApplication(s, w)
		return a.handle, func(_ byte, payload []byte) { a.answers.Send(string(payload)) }, nil
	}
	c.OnDrain = func() { a.answers.Send("the drain begins") }
	return Coroutines(c)
}

// An application is the worker's, on either engine.
type application struct {
	worker  *prefork.Worker
	answers *strand.Chan[string] // of the master, and the drain
	never   *strand.Chan[string]
}

// waiting is what a handler says that is about to wait.
const waiting = "a handler waits"

func newApplication(m strand.Model, w *prefork.Worker) *application {
	return &application{w, strand.NewChan[string](m, 8), strand.NewChan[string](m, 0)}
}

func (a *application) handle(r *http1.Request) *http1.Response {
	said := string(r.Path())
	switch said {
	case "/pid":
		said = fmt.Sprint(os.Getpid())
	case "/ask": // and waits for what the master says
		a.worker.Send(typeAsk, []byte("asked and answered"))
		said, _ = a.answers.Recv()
	case "/drain": // waits for it
		fmt.Fprintln(os.Stderr, waiting)
		said, _ = a.answers.Recv()
	case "/ever": // waits for what does not come
		fmt.Fprintln(os.Stderr, waiting)
		_, err := a.never.Recv()
		said = fmt.Sprint(err)
	case "/block": // longer than any test takes
		unix.Poll(nil, int((10 * patience).Milliseconds()))
	case "/body":
		said = fmt.Sprint(len(r.Body))
	}
	return &http1.Response{Type: "text/plain", Body: []byte(said)}
}

// A running server is one that the tests talk to.
type running struct {
	address string
	command *conform.Command
	process *os.Process
	said    *said
}

// said is what a server writes to its standard error.
type said struct {
	sync.Mutex
	bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.Buffer.Write(b)
}

func (s *said) text() string {
	s.Lock()
	defer s.Unlock()
	return s.Buffer.String()
}

// start starts a server. It is stopped at the test's end at the latest, and has to end with status 0.
func start(t *testing.T, r role) *running {
	t.Helper()
	told, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &running{said: &said{}}
	child := exec.Command(os.Args[0])
	if r.Most > 0 { // the workers inherit the master's limit
		child = exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0"`, r.Most+sock.Reserved), os.Args[0])
	}
	child.Env = append(os.Environ(), roleVariable+"="+string(told))
	if s.command, err = conform.Start(child, "", s.said); err != nil {
		t.Fatal(err)
	}
	s.process, s.address = child.Process, strings.TrimPrefix(s.command.URL, "http://")
	t.Cleanup(func() {
		if err := s.command.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server has said:\n%s", s.said.text())
		}
	})
	return s
}

// hears waits until the server has said something.
func (s *running) hears(t *testing.T, what string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(s.said.text(), what); {
		if time.Since(began) > patience {
			t.Fatalf("the server does not say %q", what)
		}
	}
}

// stop tells the server to stop, and returns at once.
func (s *running) stop() { s.process.Signal(unix.SIGTERM) }

// waitEnd waits until the server has ended.
func (s *running) waitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-s.command.Ended():
	case <-time.After(patience):
		t.Fatal("the server does not end")
	}
}
