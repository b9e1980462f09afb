package prefork

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSpawnThenReadyThenStop(t *testing.T) {
	before := descriptors(t)
	r := start(t, "serve", 3, nil)
	r.wait("joined 1", "joined 2", "joined 3", "serving")
	if _, pid, err := whoAnswers(r.address); err != nil || pid == os.Getpid() {
		t.Errorf("process %d answers, %v", pid, err)
	}
	r.signals <- unix.SIGTERM
	r.wait("left 1", "left 2", "left 3")
	r.waitExit(0)
	if left := children(t); len(left) > 0 {
		t.Errorf("child processes are left: %v", left)
	}
	after := slices.DeleteFunc(descriptors(t), func(to string) bool { return strings.HasPrefix(to, "socket:") })
	before = slices.DeleteFunc(before, func(to string) bool { return strings.HasPrefix(to, "socket:") })
	if !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestKillThenReplacement(t *testing.T) {
	r := start(t, "serve", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	before := descriptors(t)
	id := WorkerID(1)
	for range 10 {
		unix.Kill(r.process(id), unix.SIGKILL)
		next := id + 1
		if id == 1 {
			next = 3
		}
		r.wait(fmt.Sprintf("left %d", id), fmt.Sprintf("joined %d", next))
		// The replacement of one that has lived is immediate; here it would back off more and more.
		r.do(func(m *Master) { m.workers[next].slot.failures = 0 })
		id = next
	}
	if alive := children(t); len(alive) != 2 {
		t.Errorf("%d child processes, zombies included, of 2 workers", len(alive))
	}
	if after := descriptors(t); len(after) != len(before) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestTheSharedListenerStaysNonBlocking(t *testing.T) {
	r := start(t, "", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	unix.Kill(r.process(1), unix.SIGKILL)
	r.wait("left 1", "joined 3") // a spawn while others serve is what used to break it
	r.do(func(m *Master) {
		flags, err := unix.FcntlInt(uintptr(m.config.Listener), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("in the master it is blocking: %v", err)
		}
		m.Send(2, typeFlags, nil)
		m.Send(3, typeFlags, nil)
	})
	r.wait("frame 2: nonblock true, cloexec true true", "frame 3: nonblock true, cloexec true true")
}

func TestABlockingListenerIsRefused(t *testing.T) {
	r := start(t, "", 1, func(c *Config) { unix.SetNonblock(c.Listener, false) })
	r.waitExit(1)
	if !strings.Contains(r.log.String(), "make it non-blocking") {
		t.Errorf("the log does not say what to do:\n%s", r.log)
	}
}

func TestAStoppedTimerIsNotCalled(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	r.do(func(m *Master) {
		stop := m.After(0, func() { r.events <- "the timer" })
		for len(m.machine.(*system).events) == 0 { // its time has come, and it waits for this function to end
			runtime.Gosched()
		}
		stop()
		m.After(0, func() { r.events <- "a later timer" })
	})
	r.wait("a later timer")
}

func TestACrashLoopGoesOnLaterAndLater(t *testing.T) {
	r := start(t, "crash-ready", 1, nil)
	began := time.Now()
	r.wait("serving", "joined 1", "left 1", "joined 2", "left 2", "joined 3", "left 3", "joined 4", "left 4")
	if took := time.Since(began); took < 300*time.Millisecond { // 0 + 100 + 200
		t.Errorf("the third replacement came after %v", took)
	}
}

func TestWorkersThatCannotStartEndTheMaster(t *testing.T) {
	r := start(t, "refuse", 2, nil)
	r.waitExit(1)
	if n := strings.Count(r.log.String(), "\n"); n != 1 || !strings.Contains(r.log.String(), "exit status 3") {
		t.Errorf("the log should be one clear line:\n%s", r.log)
	}
}

func TestWorkersThatDieEarlyEndTheMaster(t *testing.T) {
	r := start(t, "crash-early", 1, nil)
	r.waitExit(1)
}
