package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// A talk is what a server says on its standard error.
type talk struct {
	mu      sync.Mutex
	changed sync.Cond
	text    strings.Builder
}

func (k *talk) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.text.Write(b)
	k.changed.Broadcast()
	return len(b), nil
}

// wait waits until the server has said something so many times.
func (k *talk) wait(t *testing.T, times int, what string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !awaitChange(&k.changed, func() bool { return strings.Count(k.text.String(), what) >= times }) {
		t.Fatalf("the server has not said %q %d times:\n%s", what, times, k.text.String())
	}
}

// A service is a server that is heard, and whose program has a name of its own, at which another may be put.
type service struct {
	*talk
	program string
	address string
	process *os.Process
}

// serveHeard is serve for a server that is listened to.
func serveHeard(t *testing.T, args ...string) *service {
	t.Helper()
	s := &service{talk: &talk{}, program: filepath.Join(t.TempDir(), "prefork")}
	s.changed.L = &s.mu
	if err := os.Link(build(t), s.program); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(s.program, append(args, "-addr", "127.0.0.1:0")...)
	command, err := conform.Start(cmd, "", s.talk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.address, s.process = strings.TrimPrefix(command.URL, "http://"), cmd.Process
	return s
}
