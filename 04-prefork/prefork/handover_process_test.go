package prefork

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func handOver(c *Config) { c.Mode = HandOver }

// connect connects, sends something, and does not wait for the answer.
func connect(t *testing.T, address, says string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, says)
	return conn
}

// hear reads an answer to its end: the name of a worker, its process number, and what it was given with the
// connection. A reset is none: a worker that closes with bytes unread sends one after its answer.
func hear(conn net.Conn) (name, early string, err error) {
	all, err := io.ReadAll(conn)
	if len(all) == 0 {
		return "", "", fmt.Errorf("no answer: %w", err)
	}
	fields := strings.SplitN(string(all), " ", 3)
	return fields[0], fields[2], nil
}

// Ten thousand connections, each with a few bytes that the master may have read: every one is answered, and
// the round gives every worker as many as the next.
func TestTenThousandAreHandedOver(t *testing.T) {
	connections := 10_000
	if testing.Short() {
		connections = 1000
	}
	before := len(descriptors(t))
	r := start(t, "serve", 4, handOver)
	r.wait("joined 1", "joined 2", "joined 3", "joined 4", "serving")
	var mu sync.Mutex
	answered := map[string]int{}
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range connections / 20 {
				name, _, err := whoAnswers(r.address)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				answered[name]++
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	for i := range 4 {
		if n := answered[fmt.Sprintf("worker-%d", i+1)]; n < connections/4-2*Window || n > connections/4+2*Window {
			t.Errorf("worker %d has answered %d of %d: %v", i+1, n, connections, answered)
		}
	}
	r.signals <- unix.SIGTERM
	r.waitExit(0)
	if after := len(descriptors(t)); after > before+1 { // the listener is closed at the test's end
		t.Errorf("%d descriptors were open before, and %d are after", before, after)
	}
}

// What has arrived when the master accepts travels with the descriptor; nothing is read twice, or lost.
func TestBytesReadByTheMasterTravel(t *testing.T) {
	r := start(t, "serve", 1, handOver)
	r.wait("joined 1", "serving")
	pid := r.suspend(1)
	// When its window is full, what comes next stays in the queue, and its bytes arrive there.
	r.connectUntil("the door waits", func(m *Master) bool { return len(m.waiting) == 1 })
	kept := connect(t, r.address, "said before")
	unix.Kill(pid, unix.SIGCONT)
	if _, early, err := hear(kept); err != nil || early != "said before" {
		t.Errorf("the worker was given %q, %v", early, err)
	}
}

// A worker dies with connections in its link that it has not read. They are served by the others.
func TestConnectionsOfADeadWorkerAreServed(t *testing.T) {
	r := start(t, "serve", 2, handOver)
	r.wait("joined 1", "joined 2", "serving")
	pid := r.suspend(1)
	conns := r.connectUntil("many were sent to the worker that stands still", func(m *Master) bool {
		return len(m.workers[1].handed) >= Window/2
	})
	unix.Kill(pid, unix.SIGKILL)
	for i, conn := range conns {
		if name, _, err := hear(conn); err != nil || name == "worker-1" {
			t.Errorf("connection %d of %d: %s, %v", i, len(conns), name, err)
		}
	}
}

// connectUntil connects again and again until something is true of the master's state.
func (r *running) connectUntil(what string, happened func(m *Master) bool) (conns []net.Conn) {
	r.t.Helper()
	for yes := false; !yes; r.do(func(m *Master) { yes = happened(m) }) {
		if len(conns) == 10*Window {
			r.t.Fatalf("after %d connections it has not come about that %s", len(conns), what)
		}
		conns = append(conns, connect(r.t, r.address, "x"))
	}
	return conns
}

// until waits until something is true of the master's state.
func (r *running) until(what string, happened func(m *Master) bool) {
	r.t.Helper()
	for began := time.Now(); ; {
		yes := false
		r.do(func(m *Master) { yes = happened(m) })
		if yes {
			return
		}
		if time.Since(began) > patience {
			r.t.Fatalf("it never came about that %s", what)
		}
	}
}

// A worker that is told to end by somebody else, under load, refuses nobody.
func TestTermToAWorkerLosesNoConnection(t *testing.T) {
	r := start(t, "serve", 2, handOver)
	r.wait("joined 1", "joined 2", "serving")
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 200 {
				if _, _, err := whoAnswers(r.address); err != nil {
					t.Error(err)
				}
			}
		})
	}
	unix.Kill(r.process(1), unix.SIGTERM)
	clients.Wait()
}

func TestAStopServesTheQueueFirst(t *testing.T) {
	r := start(t, "serve", 1, handOver)
	r.wait("joined 1", "serving")
	pid := r.suspend(1)
	// In the worker's link, in the master's hand, and then in the listener's queue:
	conns := r.connectUntil("the door waits", func(m *Master) bool { return len(m.waiting) == 1 })
	for range 20 {
		conns = append(conns, connect(t, r.address, "x"))
	}
	r.signals <- unix.SIGTERM
	r.until("the master stops", func(m *Master) bool { return m.stopping })
	unix.Kill(pid, unix.SIGCONT)
	for i, conn := range conns {
		if _, _, err := hear(conn); err != nil {
			t.Errorf("connection %d of %d: %v", i, len(conns), err)
		}
	}
	r.waitExit(0)
}

func TestEachConnectionHasAProcess(t *testing.T) {
	r := start(t, "serve", 3, func(c *Config) { c.Mode = EachConnection })
	r.wait("serving")
	seen := map[int]bool{}
	for range 10 {
		_, pid, err := whoAnswers(r.address)
		if err != nil || seen[pid] || pid == os.Getpid() {
			t.Errorf("process %d of %v answers: %v", pid, seen, err)
		}
		seen[pid] = true
	}
	r.signals <- unix.SIGTERM
	r.waitExit(0)
	if left := children(t); len(left) > 0 {
		t.Errorf("child processes are left: %v", left)
	}
}

func TestAWorkerThatHangsIsReplaced(t *testing.T) {
	r := start(t, "hang", 1, func(c *Config) { c.HangTimeout = 100 * time.Millisecond })
	r.wait("joined 1", "serving", "left 1", "joined 2")
	r.signals <- unix.SIGTERM
	r.waitExit(0)
	if !strings.Contains(r.log.String(), "it hangs") {
		t.Errorf("the log does not say why:\n%s", r.log)
	}
}

func TestAWorkerThatIsStoppedIsReplaced(t *testing.T) {
	r := start(t, "serve", 1, func(c *Config) { c.HangTimeout = 200 * time.Millisecond })
	r.wait("joined 1", "serving")
	unix.Kill(r.process(1), unix.SIGSTOP)
	r.wait("left 1", "joined 2")
}
