package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
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

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/04-prefork/cmd/wall04")
	file := filepath.Join(t.TempDir(), "wall.json")
	said, err := exec.Command(program, "-json", file).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "still waiting") || !strings.Contains(string(said), "crosses processes") {
		t.Fatalf("%v\n%s", err, said)
	}
	text, err := os.ReadFile(file)
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"socket-2"`) {
		t.Errorf("-json wrote %s, %v", text, err)
	}
	for _, args := range [][]string{{"now"}, {"-jason"}} {
		said, err := exec.Command(program, args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(string(said), "\n") != 1 {
			t.Errorf("%v: %v, %q", args, err, said)
		}
	}
}
