package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"golang.org/x/sys/unix"
)

const (
	program  = "example.com/c10k/04-prefork/cmd/prefork"
	patience = 20 * time.Second // for an event that must come
)

// listenVariable makes the test's program a worker that calls listen on descriptor 3 with this backlog
// (TestListenBeforeOrAfterTheFork).
const listenVariable = "C10K_TEST_LISTEN"

func TestMain(m *testing.M) {
	if backlog, err := strconv.Atoi(os.Getenv(listenVariable)); err == nil {
		if err := unix.Listen(3, backlog); err != nil {
			fmt.Fprintln(os.Stderr, "listen:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	var err error
	if builtIn, err = os.MkdirTemp("", "prefork"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	exit := m.Run()
	os.RemoveAll(builtIn)
	os.Exit(exit)
}

var (
	builtIn   string // a directory for all tests
	buildOnce sync.Once
)

// build compiles the command, once for all tests, and returns its file.
func build(t *testing.T) string {
	t.Helper()
	file := filepath.Join(builtIn, "prefork")
	buildOnce.Do(func() {
		if err := os.Rename(conform.Build(t, program), file); err != nil {
			t.Fatal(err)
		}
	})
	return file
}

// Two workers serve what needs no common list; one worker serves comet as well. Threads are held to what
// the threads of stage 01 are held to: they cannot notice that a waiting client left.
func TestConform(t *testing.T) {
	built := build(t)
	for name, c := range map[string]struct {
		stage string
		args  []string
	}{
		"one":         {"04-one-worker", []string{"-workers", "1"}},
		"two":         {"04", []string{"-workers", "2"}},
		"one-threads": {"01", []string{"-workers", "1", "-engine", "threads"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for time-outs, most of the time
			conform.TestCommand(t, c.stage, built, c.args...)
		})
	}
}

// The combinations that TestConform does not start answer requests too.
func TestConformOfTheOtherCombinations(t *testing.T) {
	for name, args := range map[string][]string{
		"two-exclusive":         {"-workers", "2", "-mode", "exclusive"},
		"two-threads":           {"-workers", "2", "-engine", "threads"},
		"two-reuseport":         {"-workers", "2", "-mode", "reuseport"},
		"two-reuseport-threads": {"-workers", "2", "-mode", "reuseport", "-engine", "threads"},
		"two-handoff":           {"-workers", "2", "-mode", "handoff"},
		"two-handoff-threads":   {"-workers", "2", "-mode", "handoff", "-engine", "threads"},
		"exec":                  {"-workers", "64", "-mode", "exec"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _, _ := serve(t, append(args, "-app", "hello")...)
			conform.Test(t, conform.Target{URL: "http://" + address, App: "hello", Groups: []string{"http", "half-close"}})
			address, _, _ = serve(t, append(args, "-app", "echo")...)
			conform.Test(t, conform.Target{URL: "http://" + address, App: "echo", Groups: []string{"chunked", "echo"}, OnlyApp: true})
		})
	}
}

// With one worker the comet application is right, however its connections come.
func TestConformOfCometInTheOtherModes(t *testing.T) {
	for name, c := range map[string]struct{ args, groups []string }{
		"reuseport":       {[]string{"-mode", "reuseport"}, []string{"comet", "paths", "departure"}},
		"handoff":         {[]string{"-mode", "handoff"}, []string{"comet", "paths", "departure"}},
		"handoff-threads": {[]string{"-mode", "handoff", "-engine", "threads"}, []string{"comet", "paths"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _, _ := serve(t, append(c.args, "-workers", "1", "-app", "comet")...)
			conform.Test(t, conform.Target{URL: "http://" + address, App: "comet", Groups: c.groups})
		})
	}
}

func TestMistakesAreOneLine(t *testing.T) {
	built := build(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-workers", "0"}, 2, "choose from 1 to"},
		{[]string{"-mode", "handover"}, 2, "choose one of shared"},
		{[]string{"-engine", "fibers"}, 2, "choose threads or coroutines"},
		{[]string{"-engine", "threads", "-mode", "exclusive"}, 2, "-engine coroutines"},
		{[]string{"-app", "faults", "-addr", "0.0.0.0:0"}, 2, "loopback"},
		{[]string{"-addr", taken.Addr().String()}, 1, "choose another -addr"},
	} {
		said, err := exec.Command(built, c.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != c.status {
			t.Errorf("%v: %v, want exit status %d", c.args, err, c.status)
		}
		if bytes.Count(said, []byte("\n")) != 1 || !bytes.Contains(said, []byte(c.says)) {
			t.Errorf("%v: said %q, want one line with %q", c.args, said, c.says)
		}
	}
}

// serve starts the command. It is stopped at the test's end, and has to end with status 0 then.
func serve(t *testing.T, args ...string) (address string, process *exec.Cmd, command *conform.Command) {
	t.Helper()
	process = exec.Command(build(t), append(args, "-addr", "127.0.0.1:0")...)
	command, err := conform.Start(process, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Stop(); err != nil {
			t.Error(err)
		}
	})
	return strings.TrimPrefix(command.URL, "http://"), process, command
}

func dial(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn, bufio.NewReader(conn)
}

// answer reads one whole answer.
func answer(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	return a
}
