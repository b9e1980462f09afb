package coro_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// exits runs main on a goroutine of its own, and says how the goroutine ended: did Run return to it?
func exits(s *coro.Scheduler, main func()) (returned bool) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(main)
		returned = true
	}()
	<-ended
	return returned
}

// t.Fatal in a coroutine is a runtime.Goexit. The others return, by their deferred calls, and then it
// goes on in the goroutine that called Run; a second one on the way changes nothing.
func TestAnExitEndsRunAndTheGoroutineThatCalledIt(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	var ended []string
	returned := exits(s, func() {
		wait := func(name string, last func()) {
			s.Go(name, func() {
				defer func() { ended = append(ended, name) }()
				if err := s.Sleep(time.Hour); err != strand.ErrCanceled {
					t.Errorf("%s: %v", name, err)
				}
				last()
			})
		}
		wait("sleeper", func() {})
		wait("one that exits too", runtime.Goexit)
		wait("another sleeper", func() {})
		s.Yield()
		s.Go("ready, and not yet run", func() { ended = append(ended, "ready") })
		runtime.Goexit()
	})
	if returned {
		t.Error("Run returned: what comes after it would run, as if nothing had happened")
	}
	if len(ended) != 4 || len(s.Tasks()) != 0 {
		t.Errorf("ended: %q; left: %v", ended, s.Tasks())
	}
	run(t, s, func() { ended = append(ended, "again") })
	if len(ended) != 5 {
		t.Error("the scheduler cannot be used again")
	}
}

// An exit with the lock held, and with something sent that is not written yet.
func TestAnExitLeavesNothingHalfDone(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var client *coro.Conn
	exits(s, func() {
		if client, err = s.Dial(l.Addr().String(), s.Now().Add(5*time.Second)); err != nil {
			t.Error(err)
			return
		}
		client.Send([]byte("last words"), time.Time{})
		s.Lock()
		runtime.Goexit()
	})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	got := make([]byte, len("last words"))
	if n, err := io.ReadFull(c, got); string(got[:n]) != "last words" {
		t.Errorf("%q, %v", got[:n], err)
	}
	run(t, s, func() {
		if err := s.Yield(); err != nil {
			t.Errorf("the next wait: %v", err)
		}
		client.Close()
	})
}

func TestRunTwiceAtOnceIsRefused(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		if err := s.Run(func() {}); err != coro.ErrRunning {
			t.Errorf("Run inside Run: %v", err)
		}
	})
}

func TestJoinWaitsForTheEnd(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		worked := false
		child := s.Spawn("worker", func() { s.Sleep(2 * time.Millisecond); worked = true })
		if err := child.Join(s.Now().Add(time.Microsecond)); err != strand.ErrTimeout {
			t.Errorf("too early: %v", err)
		}
		if err := child.Join(time.Time{}); err != nil || !worked {
			t.Errorf("Join: %v, worked: %v", err, worked)
		}
		if err := child.Join(time.Time{}); err != nil {
			t.Errorf("of one that has ended: %v", err)
		}
	})
}

func TestCancelEndsAllWaitsOfOne(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		var first, second error
		child := s.Spawn("victim", func() { first = s.Sleep(time.Hour); second = s.Sleep(time.Hour) })
		s.Yield()
		child.Cancel()
		child.Join(time.Time{})
		if first != strand.ErrCanceled || second != strand.ErrCanceled {
			t.Errorf("its waits ended with %v and %v", first, second)
		}
		early := s.Spawn("cancelled before it ran", func() { first = s.Yield() })
		early.Cancel()
		early.Join(time.Time{})
		if first != strand.ErrCanceled {
			t.Errorf("a wait that began after Cancel: %v", first)
		}
		heir := s.Spawn("heir", func() { first = s.Sleep(time.Millisecond) })
		s.Yield()
		child.Cancel() // its coroutine works for somebody else by now
		early.Cancel()
		heir.Join(time.Time{})
		if first != nil {
			t.Errorf("a coroutine that is used again was cancelled for its predecessor: %v", first)
		}
	})
}

// A goroutine that locked its thread after the scheduler made a coroutine, or a coroutine that locks it,
// is the end of the program: the runtime checks at each switch (runtime/coro.go).
func TestAnotherThreadLockIsFatal(t *testing.T) {
	if os.Getenv("CORO_LOCK_THREAD") != "" {
		s := newScheduler(t, poll.Names()[0])
		s.Run(func() { runtime.LockOSThread(); s.Yield() })
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestAnotherThreadLockIsFatal$")
	child.Env = append(os.Environ(), "CORO_LOCK_THREAD=yes")
	output, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "OS thread locking must match") {
		t.Errorf("the child ended with %v: %.500s", err, output)
	}
}

func TestALockedThreadIsFineIfItIsLockedFirst(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() { s.Go("other", func() { s.Yield() }); s.Yield() })
}
