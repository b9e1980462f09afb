package swarm

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/05-comet/faults"
	"example.com/c10k/05-comet/usage"
)

func TestKilobytes(t *testing.T) {
	const text = "Rss:              1500 kB\nPss:               700 kB\nPss_Anon:          600 kB\nXMemAvailable: 9 kB"
	for name, want := range map[string]int64{"Rss:": 1500, "Pss:": 700, "Pss_Anon:": 600, "MemAvailable:": 0} {
		if got := kilobytes(text, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// What a run costs is that of the server's whole tree, and a master leaves the clients to its workers.
func TestMasterAndWorkerAreMeasuredTogether(t *testing.T) {
	parent := role(t, "parent")
	stdin, _ := parent.StdinPipe()
	stdout, _ := parent.StdoutPipe()
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	defer stdin.Close()
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "busy" {
		t.Fatalf("the busy process said %q", lines.Text())
	}
	tree := usage.Tree(parent.Process.Pid)
	if len(tree) != 2 {
		t.Fatalf("the tree of %d is %v, want it and its child", parent.Process.Pid, tree)
	}
	server := newCometServer(t)
	r, err := Run(t.Context(), Options{URL: server.URL, Clients: 1, PID: parent.Process.Pid, Timeout: patience})
	if err != nil || r.Server == nil || r.Server.Processes != 2 || r.Server.MemoryParked < 32<<20 {
		t.Errorf("%+v, %v; want a measurement of both, with the 32 MB of the child", r, err)
	}
	if clients := ServerDescriptors(parent.Process.Pid); clients != ServerDescriptors(tree[1]) || clients < 1 {
		t.Errorf("a master with one worker has descriptors for %d clients, the worker alone for %d", clients, ServerDescriptors(tree[1]))
	}
}

// A client process that is killed takes its clients along, and only those.
func TestAKilledClientProcessIsReported(t *testing.T) {
	server := newCometServer(t, func(s *cometServer) {
		s.answer = func(nth, n int) string {
			if nth == 0 { // all are parked, and nobody has been answered
				children := usage.Tree(os.Getpid())[1:]
				if len(children) != 2 {
					t.Errorf("the client processes are %v, want two", children)
				}
				syscall.Kill(children[0], syscall.SIGKILL)
			}
			return fmt.Sprint(n)
		}
	})
	var progress strings.Builder
	r, err := Run(t.Context(), Options{URL: server.URL, Clients: 20, Processes: 2, Timeout: patience, Progress: &progress})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(faults.Counts{"their client process ended": 10}, r.Faults); diff != "" || r.Lost != 10 {
		t.Errorf("lost %d, want 10; the faults (-want +got):\n%s", r.Lost, diff)
	}
	if !strings.Contains(progress.String(), "signal: killed") {
		t.Errorf("the progress does not say how it ended:\n%s", progress.String())
	}
}

func TestNoClientProcessIsLeft(t *testing.T) {
	server := newCometServer(t)
	if r, err := Run(t.Context(), Options{URL: server.URL, Clients: 3, Processes: 3, Timeout: patience}); err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	if tree := usage.Tree(os.Getpid()); len(tree) != 1 {
		t.Errorf("after the run there are still the processes %v", tree[1:])
	}
}

// ^C at the terminal reaches the client processes as well, and is not theirs to decide on.
func TestClientProcessesLeaveInterruptsToTheirParent(t *testing.T) {
	server := newCometServer(t, func(s *cometServer) {
		s.answer = func(nth, n int) string {
			if nth == 0 {
				for _, child := range usage.Tree(os.Getpid())[1:] {
					syscall.Kill(child, syscall.SIGINT)
				}
			}
			return fmt.Sprint(n)
		}
	})
	if r, err := Run(t.Context(), Options{URL: server.URL, Clients: 20, Processes: 2, Timeout: patience}); err != nil || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}
