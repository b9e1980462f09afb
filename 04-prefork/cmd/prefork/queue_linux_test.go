package main

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"
)

// Connections that are in the listener's queue when the last workers stop are served and not reset.
func TestAStopEmptiesTheQueue(t *testing.T) {
	for _, args := range [][]string{
		{"-engine", "threads"}, {"-engine", "coroutines"}, {"-mode", "exclusive"}, {"-mode", "reuseport"},
		{"-mode", "handoff"}, {"-mode", "exec"},
	} {
		t.Run(args[1], func(t *testing.T) { stopWithAQueue(t, args...) })
	}
}

func stopWithAQueue(t *testing.T, args ...string) {
	address, process, _ := serve(t, append(args, "-workers", "2", "-defer-accept=false")...)
	workers := children(t, process.Process.Pid)
	for _, pid := range workers {
		suspend(t, pid)
		t.Cleanup(func() { resume(pid) })
	}
	var queued []net.Conn
	for range 60 {
		conn, _ := dial(t, address)
		io.WriteString(conn, request)
		queued = append(queued, conn)
	}
	process.Process.Signal(syscall.SIGTERM)
	for _, pid := range workers {
		resume(pid)
	}
	for i, conn := range queued {
		whole, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(whole, []byte("HTTP/1.1 200 ")) {
			t.Fatalf("connection %d of %d: %q, %v", i, len(queued), whole, err)
		}
	}
}
