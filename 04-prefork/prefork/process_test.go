package prefork

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for an event that must come. It is never waited out when all is well.
const patience = 20 * time.Second

// A running master is one in this process, with real workers, seen through its application.
type running struct {
	t       *testing.T
	master  *Master
	address string
	events  chan string
	signals chan os.Signal
	exit    chan int
	log     *bytes.Buffer // to be read when the master has ended
}

// start runs a master whose workers play a role.
func start(t *testing.T, role string, workers int, change func(*Config)) *running {
	t.Helper()
	fd, address, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, address: address, log: &bytes.Buffer{},
		events: make(chan string, 1000), signals: make(chan os.Signal), exit: make(chan int, 1)}
	config := Config{
		Workers:      workers,
		Listener:     fd,
		Args:         []string{},
		Env:          []string{roleVariable + "=" + role},
		Application:  func(m *Master) Application { r.master = m; return r },
		Serving:      func() { r.events <- "serving" },
		DrainTimeout: time.Minute,
		Log:          slog.New(slog.NewTextHandler(r.log, nil)),
	}
	if change != nil {
		change(&config)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.exit <- run(config, r.signals)
	}()
	t.Cleanup(func() {
		for range 2 { // should it still run: at once
			select {
			case r.signals <- unix.SIGTERM:
			case <-ended:
			}
		}
		<-ended
		unix.Close(fd)
		if t.Failed() {
			t.Logf("the master's log:\n%s", r.log)
		}
	})
	return r
}

func (r *running) Joined(w WorkerID) { r.events <- fmt.Sprintf("joined %d", w) }
func (r *running) Left(w WorkerID)   { r.events <- fmt.Sprintf("left %d", w) }
func (r *running) Frame(w WorkerID, typ byte, payload []byte) {
	if len(payload) > 100 {
		payload = fmt.Appendf(nil, "%d bytes", len(payload))
	}
	r.events <- fmt.Sprintf("frame %d: %s", w, payload)
}

// wait waits until all of these events have come, in any order, and no other.
func (r *running) wait(events ...string) {
	r.t.Helper()
	missing := slices.Clone(events)
	for len(missing) > 0 {
		select {
		case event := <-r.events:
			i := slices.Index(missing, event)
			if i < 0 {
				r.t.Fatalf("%q came, while waiting for %q", event, missing)
			}
			missing = slices.Delete(missing, i, i+1)
		case <-time.After(patience):
			r.t.Fatalf("%q did not come", missing)
		}
	}
}

// do calls fn on the goroutine that owns the master's state, and waits for it.
func (r *running) do(fn func(m *Master)) {
	done := make(chan struct{})
	r.master.Post(func() { fn(r.master); close(done) })
	<-done
}

// process returns a worker's process number, and whether there is such a worker.
func (r *running) process(id WorkerID) (pid int) {
	r.t.Helper()
	r.do(func(m *Master) {
		if w := m.workers[id]; w != nil {
			pid = w.process.Pid()
		}
	})
	if pid == 0 {
		r.t.Fatalf("there is no worker %d", id)
	}
	return pid
}

func (r *running) waitExit(want int) {
	r.t.Helper()
	select {
	case got := <-r.exit:
		if got != want {
			r.t.Errorf("the master's exit status is %d, want %d", got, want)
		}
	case <-time.After(patience):
		r.t.Fatal("the master does not end")
	}
}

// children lists the child processes of this one, zombies included.
func children(t *testing.T) []string {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("this system has no /proc/self/task, where child processes are listed")
	}
	var all []string
	for _, task := range tasks {
		list, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		all = append(all, strings.Fields(string(list))...)
	}
	return all
}

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

func TestFramesThereAndBack(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	var want []string
	r.do(func(m *Master) {
		for i := range 100 {
			m.Send(1, typeEcho, fmt.Appendf(nil, "%d", i))
		}
		m.Send(1, typeEcho, make([]byte, MaxPayload))
	})
	for i := range 100 {
		want = append(want, fmt.Sprintf("frame 1: %d", i))
	}
	want = append(want, fmt.Sprintf("frame 1: %d bytes", MaxPayload))
	for _, event := range want { // one at a time: in this order
		r.wait(event)
	}
}

func TestDescriptorsAreHandedToAWorker(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	before := descriptors(t)
	for range 20 {
		ours, theirs, err := socketPair()
		if err != nil {
			t.Fatal(err)
		}
		giveUpReading(ours)
		r.do(func(m *Master) { m.SendDescriptors(1, typeHand, nil, []int{theirs}) })
		answer := make([]byte, 64)
		n, err := unix.Read(ours, answer)
		if err != nil || string(answer[:n]) != "worker-1" {
			t.Errorf("read %q, %v", answer[:n], err)
		}
		if n, err := unix.Read(ours, answer); n != 0 || err != nil { // somebody still has a copy
			t.Errorf("after the worker has closed it: %d bytes, %v", n, err)
		}
		unix.Close(ours)
	}
	if after := descriptors(t); len(after) != len(before) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

// giveUpReading lets a read that would wait for ever end with an error.
func giveUpReading(fd int) {
	limit := unix.NsecToTimeval(int64(patience))
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
}

func TestADescriptorForADeadWorkerIsClosed(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	ours, theirs, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	giveUpReading(ours)
	pid := r.process(1)
	r.do(func(m *Master) { unix.Kill(pid, unix.SIGKILL) })
	r.wait("left 1", "joined 2")
	r.do(func(m *Master) { m.SendDescriptors(1, typeHand, nil, []int{theirs}) })
	if n, err := unix.Read(ours, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the other end reads %d bytes, %v; want the end of the stream", n, err)
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

func TestAWorkerThatDoesNotReadItsLinkIsReplaced(t *testing.T) {
	r := start(t, "deaf", 1, nil)
	r.wait("joined 1", "serving")
	r.do(func(m *Master) {
		for range 2 * LinkQueue / MaxPayload {
			m.Send(1, typeEcho, make([]byte, MaxPayload))
		}
	})
	r.wait("left 1", "joined 2")
}

func TestAWorkerThatClosesItsLinkAndStaysIsReplaced(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	r.do(func(m *Master) { m.Send(1, typeSilent, nil) })
	r.wait("left 1", "joined 2")
}

func TestDrainLetsWorkersFinish(t *testing.T) {
	r := start(t, "", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGTERM
	r.wait("frame 1: one more thing", "left 1", "frame 2: one more thing", "left 2")
	r.waitExit(0)
}

func TestDrainEndsAtItsTime(t *testing.T) {
	r := start(t, "stubborn", 1, func(c *Config) { c.DrainTimeout = 10 * time.Millisecond })
	r.wait("joined 1", "serving")
	r.signals <- unix.SIGTERM
	r.wait("left 1")
	r.waitExit(0)
}

func TestASecondStopIsAtOnce(t *testing.T) {
	r := start(t, "stubborn", 2, nil) // would be given a minute
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGTERM
	r.signals <- unix.SIGTERM
	r.wait("left 1", "left 2")
	r.waitExit(0)
}

func TestTermToAWorkerDrainsAndReplacesIt(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	unix.Kill(r.process(1), unix.SIGINT) // ignored: the master's business
	unix.Kill(r.process(1), unix.SIGTERM)
	r.wait("frame 1: one more thing", "left 1", "joined 2")
}

func TestReloadReplacesAllWorkers(t *testing.T) {
	r := start(t, "serve", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGHUP
	r.wait("joined 3", "joined 4", "left 1", "left 2")
	if name, _, err := whoAnswers(r.address); err != nil || name != "worker-3" && name != "worker-4" {
		t.Errorf("%s answers, %v", name, err)
	}
}

func TestReloadThatCannotStartLeavesTheOldOne(t *testing.T) {
	r := start(t, "refuse-second", 1, nil)
	r.wait("joined 1", "serving")
	r.signals <- unix.SIGHUP
	givenUp := func() (gone bool) {
		r.do(func(m *Master) { gone = m.coming == nil && m.generations == 2 && len(m.workers) == 1 })
		return gone
	}
	for began := time.Now(); !givenUp(); {
		if time.Since(began) > patience {
			t.Fatal("the new generation is not given up")
		}
	}
	r.do(func(m *Master) { m.Send(1, typeEcho, []byte("still here")) })
	r.wait("frame 1: still here")
}

// masterAlone starts a master in a process of its own, and returns its address and its workers' process
// numbers.
func masterAlone(t *testing.T, workers int) (master *os.Process, address string, pids []int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	master, err = os.StartProcess("/proc/self/exe", []string{"master"}, &os.ProcAttr{
		Env:   append(os.Environ(), fmt.Sprintf("%s=%d", masterVariable, workers), roleVariable+"=serve"),
		Files: []*os.File{nil, w, os.Stderr},
	})
	w.Close()
	if err != nil {
		t.Skipf("the master's program is started as /proc/self/exe: %v", err)
	}
	t.Cleanup(func() { master.Kill(); master.Wait() })
	r.SetReadDeadline(time.Now().Add(patience))
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatalf("the master said nothing: %v", err)
	}
	fields := strings.Fields(string(line[:n]))
	for _, field := range fields[1:] {
		var pid int
		fmt.Sscan(field, &pid)
		pids = append(pids, pid)
	}
	if len(pids) != workers {
		t.Fatalf("the master said %q", line[:n])
	}
	return master, fields[0], pids
}

func TestMasterIsTerminated(t *testing.T) {
	master, address, pids := masterAlone(t, 2)
	if _, pid, err := whoAnswers(address); err != nil || !slices.Contains(pids, pid) {
		t.Errorf("process %d answers, the workers are %v: %v", pid, pids, err)
	}
	master.Signal(syscall.SIGTERM)
	state, err := master.Wait()
	if err != nil || state.ExitCode() != 0 {
		t.Errorf("%v, %v", state, err)
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("worker process %d is left: %v", pid, err)
		}
	}
}

func TestInterruptAtTheTerminalReachesTheMasterOnly(t *testing.T) {
	_, _, pids := masterAlone(t, 2)
	for _, pid := range pids {
		group, err := unix.Getpgid(pid)
		if err != nil || group != pid {
			t.Errorf("worker process %d is in group %d, want one of its own: %v", pid, group, err)
		}
	}
}
