package poll_test

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// What a Wait that really waits does needs another goroutine that knows when it waits: Linux tells the
// state of a thread.

type result struct {
	n   int
	err error
	ev  poll.Event
}

// waiting starts a Wait on a thread of its own, and returns when that thread sleeps in the kernel.
func waiting(t *testing.T, p poll.Poller, d time.Duration) (thread int, done chan result) {
	t.Helper()
	threads := make(chan int)
	done = make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		evs := make([]poll.Event, 4)
		threads <- unix.Gettid()
		n, err := p.Wait(evs, d)
		done <- result{n, err, evs[0]}
	}()
	thread = <-threads
	for !asleep(t, thread) && len(done) == 0 {
		runtime.Gosched()
	}
	return thread, done
}

// asleep reads the state of a thread: the letter behind the name in brackets (proc_pid_stat(5)).
func asleep(t *testing.T, thread int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", thread))
	if err != nil {
		t.Fatal(err)
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return state[0] == 'S'
}

func TestWaitForEver(t *testing.T) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) {
			p := open(t, name)
			mine, theirs := pair(t)
			set(t, p, mine, Read)
			_, done := waiting(t, p, -1)
			write(t, theirs)
			if got := <-done; got.n != 1 || got.err != nil || got.ev != event(mine, Read) {
				t.Errorf("Wait: %+v", got)
			}
		})
	}
}

// A signal ends a Wait with no events and no error: its cause may be something the loop has to see to.
func TestSignal(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1)
	defer signal.Stop(signals)
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) {
			p := open(t, name)
			mine, _ := pair(t)
			set(t, p, mine, Read)
			thread, done := waiting(t, p, patience)
			begin := time.Now()
			for {
				// The thread may have slept for another reason than this Wait: send until one ends it.
				if err := unix.Tgkill(unix.Getpid(), thread, unix.SIGUSR1); err != nil {
					t.Fatal(err)
				}
				select {
				case got := <-done:
					if got.n != 0 || got.err != nil || time.Since(begin) >= patience {
						t.Errorf("Wait: %+v after %v, want no events, no error, and soon", got, time.Since(begin))
					}
					return
				case <-signals: // it has been delivered; the next may be sent
				}
			}
		})
	}
}

// What epoll knows stands in /proc: one line for each descriptor, with the bits that are wanted.
func TestEpollEntries(t *testing.T) {
	first, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3) // the number that epoll will get
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(first)
	p := open(t, "epoll")
	entry := func(s sock.NonBlocking) string {
		info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", first))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(info) {
			var fd int
			var bits uint32
			if n, _ := fmt.Sscanf(string(line), "tfd: %d events: %x", &fd, &bits); n == 2 && fd == int(s) {
				return fmt.Sprintf("%x", bits)
			}
		}
		return "none"
	}
	if flags, err := unix.FcntlInt(uintptr(first), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("epoll's own descriptor would be inherited: %x, %v", flags, err)
	}
	mine, _ := pair(t)
	// 1 is EPOLLIN, 4 EPOLLOUT, 8 and 10 are errors and hang-ups, which the kernel adds by itself.
	for _, step := range []struct {
		want poll.Interest
		bits string
	}{
		{Read, "19"}, {Read | Write, "1d"}, {Write, "1c"},
		{Write | Exclusive, "1000001c"}, {Read | Exclusive, "10000019"}, {Read, "19"},
		{0, "none"}, {Read | Exclusive, "10000019"}, {Exclusive, "none"},
	} {
		set(t, p, mine, step.want)
		if got := entry(mine); got != step.bits {
			t.Errorf("after Set(fd, %b) the kernel has %s, want %s", step.want, got, step.bits)
		}
	}
}

// A Set that changes nothing costs no system call: it succeeds even when there is nobody to call.
func TestEpollSetWithoutChange(t *testing.T) {
	p, err := poll.New("epoll")
	if err != nil {
		t.Fatal(err)
	}
	mine, _ := pair(t)
	set(t, p, mine, Read)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	set(t, p, mine, Read)
	if err := p.Set(int(mine), Write); err == nil {
		t.Error("a change reached no kernel and was no error")
	}
}

// The one difference between the twins: see selection.ready.
func TestHangUpWithoutRoom(t *testing.T) {
	for _, name := range poll.Names() {
		p := open(t, name)
		mine, theirs := pair(t)
		fill(t, mine)
		set(t, p, mine, Write)
		if err := unix.Shutdown(int(theirs), unix.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		if name == "select" {
			expect(t, p)
			continue
		}
		expect(t, p, event(mine, Write))
	}
}
