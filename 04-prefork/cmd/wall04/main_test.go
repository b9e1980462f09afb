package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/measure"
	"example.com/c10k/01-blocking/sock"
)

const senderVariable = "C10K_WALL04_SENDER"

func TestMain(m *testing.M) {
	if os.Getenv(senderVariable) != "" { // see TestTheChannelCrosses
		if err := (channel{sender: sock.Blocking(3)}).Send(2009); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	beServer() // the servers are this program too
	os.Exit(m.Run())
}

// The handler of package app is right in one process and wrong in two; with a channel that crosses processes
// it is wrong in the same way.
func TestTheListIsNotShared(t *testing.T) {
	for _, r := range roles {
		t.Run(r.String(), func(t *testing.T) {
			seen, err := play(r)
			if err != nil {
				t.Fatal(err)
			}
			part := waiters / r.workers
			if want := (outcome{counted: part, notified: part, left: waiters - part}); seen != want {
				t.Errorf("%+v, want %+v", seen, want)
			}
		})
	}
}

// The channel is not to blame: what another process sends into it arrives here.
func TestTheChannelCrosses(t *testing.T) {
	c, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	defer c.receiver.Close()
	sender := os.NewFile(uintptr(c.sender), "sender")
	defer sender.Close()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), senderVariable+"=1")
	other.ExtraFiles = []*os.File{sender}
	if said, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if n, err := c.Recv(); n != 2009 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// The handler with the other channel knows no model: whoever waits in it is woken through a socket, or not at all.
func TestTheOtherHandlerWaitsInASocket(t *testing.T) {
	handle, err := role{workers: 1, channel: "socket"}.handler(nil)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) string {
		parser := http1.NewParser(&http1.Request{}, nil)
		parser.Feed([]byte("GET " + path + " HTTP/1.1\r\nHost: c10k\r\n\r\n"))
		request, err := parser.Next()
		if request == nil {
			t.Errorf("%s is no request: %v", path, err)
		}
		return string(handle(request).Body)
	}
	heard := make(chan string, 1)
	go func() { heard <- ask("/wait") }()
	for began := time.Now(); ask("/") != "1"; {
		if time.Since(began) > patience {
			t.Fatal("the waiter is not counted")
		}
	}
	if n := ask("/notify"); n != "1" {
		t.Errorf("%s were notified", n)
	}
	if n := <-heard; n != "1" {
		t.Errorf("the waiter heard %s", n)
	}
}

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/04-prefork/cmd/wall04")
	file := filepath.Join(t.TempDir(), "wall.json")
	said, err := exec.Command(program, "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	// With one worker everybody is counted and notified, and nobody is left.
	for _, row := range []string{`1 +a channel of its model +20 +20 +0\n`, `2 +a channel of its model +10 +10 +10\n`, `2 +a channel that crosses processes +10 +10 +10\n`} {
		if !regexp.MustCompile(row).Match(said) {
			t.Errorf("no row %q in\n%s", row, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var written measure.Result
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, m := range written.Measurements {
		got[m.Subject+" "+m.Quantity] = m.Values[0]
	}
	for what, want := range map[string]float64{"model-1 counted": 20, "model-1 notified": 20, "model-1 left": 0, "socket-2 counted": 10, "socket-2 left": 10} {
		if got[what] != want {
			t.Errorf("-json says %s %v, want %v", what, got[what], want)
		}
	}
	for _, args := range [][]string{{"now"}, {"-jason"}} {
		said, err := exec.Command(program, args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(string(said), "\n") != 1 {
			t.Errorf("%v: %v, %q", args, err, said)
		}
	}
}
