package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// clients is how many the loads here have. It is no measurement: two cores have other things to do too.
const clients = 8

// open is how many descriptors a process has.
func open(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// gone waits until all of these processes have ended, and been reaped.
func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		for began := time.Now(); syscall.Kill(pid, 0) != syscall.ESRCH; {
			if time.Since(began) > patience {
				t.Fatalf("process %d stays", pid)
			}
		}
	}
}

// reloads sends a server HUP so many times, under load: no request fails.
func reloads(t *testing.T, times int, args ...string) {
	loadedReloads(t, times, args...).noneFailed(t)
}

// loadedReloads reloads a server so many times. A reload begins when the one before it is over.
func loadedReloads(t *testing.T, times int, args ...string) *load {
	s := serveHeard(t, append(args, "-workers", "2")...)
	l := startLoad(t, s.address, clients)
	for n := range times {
		l.more(t, clients)
		s.process.Signal(syscall.SIGHUP)
		s.wait(t, 1, fmt.Sprintf("msg=\"generation is ready\" generation=%d ", n+2))
	}
	l.more(t, clients)
	return l
}

// reloadsLoseQueues reloads a server of which each worker has a queue of its own. A connection that comes to it
// between a worker's last look and the end of the listener is reset, and nobody can prevent that from outside
// the kernel. More is not lost: nobody is refused, and nothing is cut off that had begun.
func reloadsLoseQueues(t *testing.T, times int) {
	answered, failed := loadedReloads(t, times, "-mode", "reuseport").stop()
	t.Logf("%d reloads: %d requests answered, %d failed", times, answered, len(failed))
	if len(failed) > times*clients {
		t.Errorf("%d reloads have cost %d clients %d requests", times, clients, len(failed))
	}
	for _, err := range failed {
		var op *net.OpError
		connecting := errors.As(err, &op) && op.Op == "dial" // the reset was faster than connect's return
		reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
		if !reset || !connecting && !errors.Is(err, errNothing) {
			t.Errorf("this is not a reset in a queue: %v", err)
		}
	}
}

// signalsForEachConnection sends HUP and USR2 to a server that starts a process for each connection. To reload
// there is nothing, as every process is a new one, and the server says so; an upgrade is of the master alone,
// and the processes that it finds serve to their end.
func signalsForEachConnection(t *testing.T, times int) {
	s := serveHeard(t, "-mode", "exec", "-workers", "16")
	l := startLoad(t, s.address, clients)
	for n := range times {
		l.more(t, clients)
		s.process.Signal(syscall.SIGHUP)
		s.wait(t, n+1, "nothing to reload")
		l.more(t, clients)
		s.process.Signal(syscall.SIGUSR2)
		s.wait(t, n+1, "this program has taken over")
	}
	l.more(t, clients)
	l.noneFailed(t)
	gone(t, children(t, s.process.Pid)) // they have had their connection
}

// upgrades sends a server USR2 so many times, under load, and then looks at what is left.
func upgrades(t *testing.T, times int, args ...string) {
	s := serveHeard(t, append(args, "-workers", "2")...)
	l := startLoad(t, s.address, clients)
	var before int
	for n := range times {
		l.more(t, clients)
		old := children(t, s.process.Pid)
		s.process.Signal(syscall.SIGUSR2)
		s.wait(t, n+1, "this program has taken over")
		s.wait(t, 1, fmt.Sprintf("msg=\"generation is ready\" generation=%d ", n+2))
		gone(t, old)
		if n == 0 {
			before = open(t, s.process.Pid)
		}
	}
	l.more(t, clients)
	l.noneFailed(t)
	if n := len(children(t, s.process.Pid)); n != 2 {
		t.Errorf("%d workers are left, want 2", n)
	}
	if after := open(t, s.process.Pid); after > before+clients { // what it holds for a moment differs
		t.Errorf("after the first upgrade %d descriptors were open, after the last %d", before, after)
	}
}

// kills sends SIGKILL to a worker by chance, every 200 ms for some time, under load. What was in its hands
// fails, and no more: that is at most one request for each client.
func kills(t *testing.T, d time.Duration) {
	s := serveHeard(t, "-workers", "4")
	l := startLoad(t, s.address, clients)
	l.more(t, 10*clients)
	workers, descriptors := children(t, s.process.Pid), open(t, s.process.Pid)
	killed := 0
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		if now := children(t, s.process.Pid); len(now) > 0 { // all of them may be in a back-off
			syscall.Kill(now[rand.IntN(len(now))], syscall.SIGKILL)
			killed++
		}
	}
	l.more(t, 10*clients)
	answered, failed := l.stop()
	t.Logf("%d workers killed: %d requests answered, %d failed", killed, answered, len(failed))
	if len(failed) > killed*clients {
		t.Errorf("%d requests failed of %d workers' deaths with %d clients", len(failed), killed, clients)
	}
	for _, err := range failed {
		if strings.Contains(err.Error(), "refused") {
			t.Errorf("a connection was refused: %v", err)
		}
	}
	for began := time.Now(); len(children(t, s.process.Pid)) != len(workers) || open(t, s.process.Pid) > descriptors; {
		if time.Since(began) > patience {
			t.Fatalf("%d workers and %d descriptors are left of %d and %d", len(children(t, s.process.Pid)),
				open(t, s.process.Pid), len(workers), descriptors)
		}
	}
}

func TestReloadsUnderLoad(t *testing.T) {
	t.Run("shared", func(t *testing.T) { reloads(t, 5) })
	t.Run("handoff", func(t *testing.T) { reloads(t, 3, "-mode", "handoff") })
	t.Run("threads", func(t *testing.T) { reloads(t, 2, "-engine", "threads") })
	t.Run("exclusive", func(t *testing.T) { reloads(t, 2, "-mode", "exclusive") })
	t.Run("reuseport", func(t *testing.T) { reloadsLoseQueues(t, 3) })
}

func TestUpgradesUnderLoad(t *testing.T) {
	t.Run("shared", func(t *testing.T) { upgrades(t, 2) })
	t.Run("handoff", func(t *testing.T) { upgrades(t, 2, "-mode", "handoff") })
	t.Run("exclusive", func(t *testing.T) { upgrades(t, 1, "-mode", "exclusive") })
	t.Run("threads", func(t *testing.T) { upgrades(t, 1, "-engine", "threads") })
	t.Run("exec", func(t *testing.T) { signalsForEachConnection(t, 2) })
}

func TestWorkersAreKilledUnderLoad(t *testing.T) { kills(t, 3*time.Second) }

// install puts another file in the place of the program that runs. A program that runs cannot be written
// (ETXTBSY); it can be renamed over, and then runs on without a name.
func (s *service) install(t *testing.T, content []byte) {
	t.Helper()
	next := s.program + ".next"
	if err := os.WriteFile(next, content, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, s.program); err != nil {
		t.Fatal(err)
	}
}

func TestUpgradeToWhatCannotTakeOver(t *testing.T) {
	s := serveHeard(t, "-workers", "1")
	good, err := os.ReadFile(s.program)
	if err != nil {
		t.Fatal(err)
	}
	workers := children(t, s.process.Pid)
	for i, bad := range []struct{ content, says string }{
		{"\x7fELF, and then nothing that a kernel knows", "exec format error"},
		{"#!/bin/sh\necho not understood: $1 >&2\nexit 2\n", "not understood: -workers"},
		{"#!/bin/sh\necho c10k prefork 999\n", "another version"},
		{"#!/bin/sh\nexit 3\n", "exit status 3"},
	} {
		s.install(t, []byte(bad.content))
		s.process.Signal(syscall.SIGUSR2)
		s.wait(t, i+1, "nothing was changed")
		s.wait(t, 1, bad.says)
		if body := ask(t, s.address, "/"); body != "Hello, World!" {
			t.Errorf("answered %q", body)
		}
		if now := children(t, s.process.Pid); len(now) != 1 || now[0] != workers[0] {
			t.Errorf("the workers were %v and are %v", workers, now)
		}
	}
	s.install(t, good)
	s.process.Signal(syscall.SIGUSR2)
	s.wait(t, 1, "generation=2 ")
	gone(t, workers)
	if body := ask(t, s.address, "/"); body != "Hello, World!" {
		t.Errorf("answered %q", body)
	}
}

// What is queued on a listener of its own is lost with the worker that dies; what is queued on the shared one
// is served by the next. All workers stand still, so that everything stays queued, and then one is killed.
func TestQueuedConnectionsAtAWorkersDeath(t *testing.T) {
	const queued = 64
	lost := map[string]int{}
	for _, mode := range []string{"shared", "reuseport", "handoff"} {
		address, process, _ := serve(t, "-workers", "2", "-mode", mode, "-defer-accept=false")
		workers := children(t, process.Process.Pid)
		for _, pid := range workers {
			suspend(t, pid)
			t.Cleanup(func() { resume(pid) })
		}
		var conns []func() error
		for range queued {
			conn, answers := dial(t, address)
			if _, err := conn.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, func() error { _, err := answers.Peek(1); return err })
		}
		unix.Kill(workers[0], unix.SIGKILL)
		resume(workers[1])
		for _, heard := range conns {
			if heard() != nil {
				lost[mode]++
			}
		}
	}
	t.Logf("of %d connections that were queued when one of two workers died, lost were %v", queued, lost)
	if lost["shared"] != 0 || lost["handoff"] != 0 {
		t.Errorf("lost: %v, want none but with reuseport", lost)
	}
	if n := lost["reuseport"]; n == 0 || n == queued { // the kernel spreads them by a hash: about half
		t.Errorf("reuseport has lost %d of %d: the chapter says that it is about half", n, queued)
	}
}
