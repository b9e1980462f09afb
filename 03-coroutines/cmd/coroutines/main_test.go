package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/02-selectors/poll"
)

func TestConform(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	for _, poller := range poll.Names() {
		t.Run(poller, func(t *testing.T) { conform.TestCommand(t, "03", program, "-poller", poller) })
	}
}

// The same promises, kept by handlers of net/http on this stage's scheduler: and of the echo application what
// does not ask for "/", which in this mux is comet's.
func TestConformNetHTTP(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	conform.TestCommand(t, "03-nethttp", program)
	t.Run("echo beside others", func(t *testing.T) {
		server, err := conform.Start(exec.Command(program, "-addr", "127.0.0.1:0", "-app", "nethttp"), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Stop()
		conform.Test(t, conform.Target{URL: server.URL, App: "echo", Groups: []string{"echo"},
			Only: []string{"echo/methods", "echo/bodies", "echo/other-methods"}})
	})
}

// /block blocks the thread in a system call, as a handler should not.
func TestTheLogNamesACoroutineThatBlocked(t *testing.T) {
	server, err := conform.Start(exec.Command(conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines"),
		"-addr", "127.0.0.1:0", "-app", "faults"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(server.URL + "/block?ms=150")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"kept the thread to itself", "name=connection"} {
		if !strings.Contains(server.Said(), want) {
			t.Errorf("the log says, without %q:%s", want, server.Said())
		}
	}
}

func TestQuitPrintsTheTasksAndGoesOn(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	server := exec.Command(program, "-addr", "127.0.0.1:0")
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	lines := bufio.NewScanner(said)
	lines.Scan() // where it listens
	server.Process.Signal(syscall.SIGQUIT)
	for _, want := range []string{"1 coroutines", "1 × main, waiting for accept"} {
		if lines.Scan(); !strings.Contains(lines.Text(), want) {
			t.Errorf("it says %q, without %q", lines.Text(), want)
		}
	}
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// A stop waits for those whose handlers wait, as long as it waits for anybody, and ends when the last client
// has left. Meanwhile nobody waits for a descriptor, and it is no deadlock.
func TestAStopWaitsForWhoWaits(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	server, err := conform.Start(exec.Command(program, "-app", "comet", "-addr", "127.0.0.1:0",
		"-header-timeout", "0", "-request-timeout", "0", "-idle-timeout", "0"), "", nil) // a timer would hide it
	if err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(server.URL, "http://")
	waiting, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	io.WriteString(waiting, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	for counted := ""; counted != "1"; {
		answer, err := http.Get(server.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		counted = string(body)
	}
	stopped := make(chan error)
	go func() { stopped <- server.Stop() }()
	for { // the drain has begun when nobody listens
		c, err := net.Dial("tcp", at)
		if err != nil {
			break
		}
		c.Close()
	}
	waiting.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
