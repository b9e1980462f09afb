package prefork

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
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

// suspend stops a worker, and returns when it stands still: kill(2) returns before that.
func (r *running) suspend(id WorkerID) (pid int) {
	r.t.Helper()
	pid = r.process(id)
	unix.Kill(pid, unix.SIGSTOP)
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		r.t.Fatalf("worker %d does not stand still: %v, %v", id, status, err)
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
