package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/load"
	"example.com/c10k/05-comet/swarm"
)

// roleVariable makes this test program another: bench itself, which starts it again as a server and as clients.
const roleVariable = "C10K_BENCH_TEST_ROLE"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // or each child takes a second more to end, under -race
	switch role := os.Getenv(roleVariable); {
	case len(os.Args) > 2 && os.Args[1] == "as" && os.Args[2] == "in-turn":
		serveInTurn()
	case len(os.Args) > 2 && os.Args[1] == "as" && os.Args[2] == "master":
		superviseInTurn()
	case len(os.Args) > 2 && os.Args[1] == "as":
		serveAs(os.Args[2], os.Args[3:])
	case role == "bench", load.IsChild(), swarm.IsChild():
		main()
	case role == "cores":
		playCores()
	default:
		os.Exit(m.Run())
	}
}

// serveAs is a hello server that "counts": at its end it adds the number of its requests to a file; or that is
// "wrong" at its thousandth, if the file is there, because another was started before it.
func serveAs(kind string, args []string) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	file, err := os.OpenFile(args[0], os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		panic(err)
	}
	others, _ := io.ReadAll(file)
	var requests atomic.Int64
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1000 && kind == "wrong" && len(others) > 0 {
			fmt.Fprintln(os.Stderr, "a thousand is too many")
			w.WriteHeader(500)
			return
		}
		fmt.Fprint(w, "Hello, World!")
	}))
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	<-told
	fmt.Fprintln(file, requests.Load())
	os.Exit(0)
}

// serveInTurn serves the application that causes faults to one connection after the other.
func serveInTurn() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		for from := bufio.NewReader(conn); ; {
			request, err := http.ReadRequest(from)
			if err != nil {
				break
			}
			answer := app.Faults(&http1.Request{Method: []byte(request.Method), Target: []byte(request.RequestURI), Minor: 1})
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer.Body), answer.Body)
			if request.Close {
				break
			}
		}
		conn.Close()
	}
}

// superviseInTurn is the same with a worker that serves, and a master that reaps it and starts no other.
func superviseInTurn() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	worker := exec.Command(os.Args[0], "as", "in-turn")
	worker.Stderr = os.Stderr
	if err := worker.Start(); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- worker.Wait() }()
	<-told
	worker.Process.Kill() // it may have been killed before
	<-ended
}

// process is bench as a process of its own, because it confines itself to a processor.
func process(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), roleVariable+"=bench")
	return c
}

// longestRun ends a run that serves for ever instead of complaining.
const longestRun = 2 * time.Minute

// bench runs it to its end.
func bench(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	c := process(args...)
	var out, complaints strings.Builder
	c.Stdout, c.Stderr = &out, &complaints
	var exit *exec.ExitError
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(longestRun, func() { c.Process.Signal(syscall.SIGTERM) })
	if err := c.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !late.Stop() {
		t.Fatalf("bench %q did not end within %v:\n%s", args, longestRun, &complaints)
	}
	return c.ProcessState.ExitCode(), out.String(), complaints.String()
}

// read reads a result that must be there.
func read(t *testing.T, directory, name string) *result {
	t.Helper()
	r, err := readResult(filepath.Join(directory, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// own is the flag that adds this test program as a server.
func own(name, arguments string) string { return "-add=" + name + "=" + os.Args[0] + " " + arguments }
