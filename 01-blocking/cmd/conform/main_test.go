package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// The test's own program is also the server that conform starts: with this variable set it serves.
const serveAs = "CONFORM_TEST_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveAs); kind != "" {
		server(kind, os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

// server is a few kinds of other people's servers. Its arguments are the address and the application.
func server(kind string, args []string) {
	if kind == "ends" {
		fmt.Fprintln(os.Stderr, "the oven is cold")
		os.Exit(3)
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; os.Exit(0) }()
	if kind != "mute" {
		fmt.Fprintf(os.Stderr, "listening on http://%s and glad of it\n", l.Addr())
	}
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind == "dies" && r.Proto == "HTTP/1.0" {
			os.Exit(7)
		}
		w.Header().Set("Content-Type", "text/plain")
		switch args[1] {
		case "echo":
			fmt.Fprintf(w, "You requested %s via method %s", r.RequestURI, r.Method)
			return
		case "pid":
			fmt.Fprint(w, os.Getpid())
			return
		}
		io.WriteString(w, "Hello, World!")
	}))
}

// run runs conform and returns what it printed and its exit status. The server kind is for -run.
func run(t *testing.T, program, kind string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), serveAs+"="+kind)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestMistakes(t *testing.T) {
	program := conform.Build(t, ".")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := "http://" + l.Addr().String()
	l.Close()
	for _, test := range []struct {
		args string
		says string
	}{
		{"", "name the server"},
		{"http://a http://b", "one URL at a time"},
		{"-run ./mine", "lacks {addr}"},
		{"-run ./{addr} http://a", "exclude each other"},
		{"-stage 6 http://a", "choose from 01-sequential"},
		{"-stage 05 -app echo http://a", "does not serve echo"},
		{"-app comets http://a", "choose hello, echo, comet or pid"},
		{"-group fast http://a", "choose from http"},
		{"-case http/none http://a", "-list names them"},
		{"-wait 0s http://a", "above zero"},
		{"-wrong http://a", "-wrong"},
		{"127.0.0.1:8080", "give http://HOST:PORT"},
		{"http://a/path", "without a path"},
		{silent, "start the server first"},
		{"-run ./x{addr} -stage 01 -case timeouts/idle", "nothing can be asked"},
		{"-stage 01 -group departure http://a", "cannot notice"},
		{"-run {addr}/no/such/program", "ended before it listened"},
	} {
		stdout, stderr, status := run(t, program, "", strings.Fields(test.args)...)
		if status != 2 || !strings.Contains(stderr, test.says) || stdout != "" || !strings.HasPrefix(stderr, "conform: ") {
			t.Errorf("conform %s: status %d, %q, %q; want 2 and %q", test.args, status, stdout, stderr, test.says)
		}
		if lines := strings.Count(stderr, "\n"); lines != 1 && !strings.Contains(test.args, "program") {
			t.Errorf("conform %s says it in %d lines:\n%s", test.args, lines, stderr)
		}
	}
}

func TestURL(t *testing.T) {
	program := conform.Build(t, ".")
	right := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!")
	}))
	defer right.Close()
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!\n")
	}))
	defer wrong.Close()

	stdout, stderr, status := run(t, program, "", right.URL, "-app", "hello")
	if status != 0 || stderr != "" || !strings.Contains(stdout, "  ok    http/hello\n") || !strings.HasSuffix(stdout, "cases, all passed\n") {
		t.Errorf("a right server: status %d\n%s%s", status, stdout, stderr)
	}

	stdout, _, status = run(t, program, "", "-app", "hello", "-case", "http/hello,http/date", wrong.URL)
	for _, part := range []string{
		"  ok    http/date\n", "  FAIL  http/hello\n", `expected: status 200 and the body "Hello, World!"`,
		`got: status 200 and the body "Hello, World!\n"`, "hint: 13 bytes", `client 1 sends "GET / HTTP/1.1\r\n`,
		"2 cases, 1 passed, 1 failed; to ask them again: -case http/hello\n",
	} {
		if status != 1 || !strings.Contains(stdout, part) {
			t.Errorf("a wrong server: status %d, and %q is missing in\n%s", status, part, stdout)
		}
	}

	stdout, _, status = run(t, program, "", "-json", "-app", "hello", "-case", "http/hello,http/date", wrong.URL)
	var d document
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || status != 1 || d.Passed != 1 || d.Failed != 1 || len(d.Cases) != 2 {
		t.Fatalf("-json: status %d, %v\n%s", status, err, stdout)
	}
	for _, c := range d.Cases {
		if failed := c.Case == "http/hello"; c.Passed == failed || failed != (c.Got != "") || failed != (len(c.Said) > 0) {
			t.Errorf("-json: %+v", c)
		}
	}
}

func TestRun(t *testing.T) {
	program := conform.Build(t, ".")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := self + " {addr} {app}"

	for _, kind := range []string{"speaks", "mute"} {
		stdout, stderr, status := run(t, program, kind, "-run", command, "-case", "http/get,http/hello,echo/target-as-sent")
		for _, part := range []string{"  ok    http/get\n", "  ok    http/hello\n", "  ok    echo/target-as-sent\n", "3 cases, all passed"} {
			if status != 0 || !strings.Contains(stdout, part) || strings.Contains(stdout, "note:") {
				t.Errorf("%s: status %d, want %q in\n%s%s", kind, status, part, stdout, stderr)
			}
		}
		starts := regexp.MustCompile(`(?m)^\S+ (\S+) (hello|echo), as (hello|echo): `).FindAllStringSubmatch(stdout, -1)
		if len(starts) != 2 {
			t.Fatalf("%s: wanted a start for hello and one for echo:\n%s", kind, stdout)
		}
		for _, start := range starts {
			if conn, err := net.Dial("tcp", start[1]); err == nil {
				conn.Close()
				t.Errorf("%s: something still listens at %s", kind, start[1])
			}
		}
	}

	stdout, stderr, status := run(t, program, "ends", "-run", command)
	if status != 2 || !strings.Contains(stderr, "exit status 3") || !strings.Contains(stderr, "the oven is cold") {
		t.Errorf("a server that ends at once: status %d\n%s%s", status, stdout, stderr)
	}

	stdout, stderr, status = run(t, program, "dies", "-run", command, "-case", "http/http-1.0,http/keep-alive,http/close")
	if status != 1 || !strings.Contains(stdout, "FAIL  http/http-1.0") || !strings.Contains(stdout, "exit status 7") || !strings.Contains(stdout, "1 cases, 0 passed") {
		t.Errorf("a server that dies: status %d\n%s%s", status, stdout, stderr)
	}

	stdout, stderr, status = run(t, program, "speaks", "-run", self+" {addr} hello", "-stage", "02", "-case", "http/get,timeouts/idle")
	if status != 0 || !strings.Contains(stdout, "The command lacks {app}") || !strings.Contains(stdout, "The command lacks {timeouts}") {
		t.Errorf("without placeholders: status %d\n%s%s", status, stdout, stderr)
	}
}

// The application pid is no stage's, and an exercise asks for it. This server has one process to answer with.
func TestRunForAnExercise(t *testing.T) {
	program := conform.Build(t, ".")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := run(t, program, "speaks", "-run", self+" {addr} pid", "-app", "pid", "-group", "exercise", "-wait", "100ms")
	if status != 1 || !strings.Contains(stdout, "FAIL  exercise/fewest-connections") || !strings.Contains(stdout, "has 24; and so again") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// A shell that stays before the server, because the command is more than one, is stopped with it.
func TestRunThroughAShell(t *testing.T) {
	program := conform.Build(t, ".")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := run(t, program, "speaks", "-run", "true; "+self+" {addr} hello; true", "-app", "hello", "-case", "http/get")
	start := regexp.MustCompile(` (127\.0\.0\.1:\d+) hello`).FindStringSubmatch(stdout)
	if status != 0 || start == nil {
		t.Fatalf("status %d\n%s%s", status, stdout, stderr)
	}
	if conn, err := net.Dial("tcp", start[1]); err == nil {
		conn.Close()
		t.Errorf("something still listens at %s", start[1])
	}
}

func TestList(t *testing.T) {
	var all, some bytes.Buffer
	stage, err := conform.StageNamed("01")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(list(&all, &options{}), list(&some, &options{stage: &stage})); err != nil {
		t.Fatal(err)
	}
	for _, c := range conform.Cases() {
		if !strings.Contains(all.String(), c.Title()) {
			t.Errorf("-list leaves out %s", c.Title())
		}
	}
	if strings.Contains(some.String(), "departure") || !strings.Contains(some.String(), "comet/wait") {
		t.Errorf("-list -stage 01:\n%s", some.String())
	}
}

func TestShortTimeoutsAreTheSame(t *testing.T) {
	if together := strings.Join(conform.ShortTimeouts, " "); together != shortTimeouts {
		t.Errorf("%q is not %q", shortTimeouts, together)
	}
}
