package coro_test

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
)

// deep needs about 64 KiB of stack.
//
//go:noinline
func deep(n int) byte {
	var room [1024]byte
	room[n] = 1
	if n > 0 {
		return deep(n-1) + room[n]
	}
	return room[0]
}

// A stack grows by moving elsewhere, so a local variable of which no pointer is kept has another address then.
func TestWhatIsDoneAsideLeavesTheStackAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(s *coro.Scheduler, fn func())
		grows bool
	}{
		"aside":     {(*coro.Scheduler).Aside, false},
		"not aside": {func(_ *coro.Scheduler, fn func()) { fn() }, true},
	} {
		s := newScheduler(t, poll.Names()[0])
		run(t, s, func() {
			var local byte
			before := uintptr(unsafe.Pointer(&local))
			c.do(s, func() { runtime.KeepAlive(deep(60)) })
			if grown := uintptr(unsafe.Pointer(&local)) != before; grown != c.grows {
				t.Errorf("%s: the stack has grown: %v", name, grown)
			}
		})
	}
}

// Others have no turn meanwhile, whoever does something aside goes on afterwards, and so does everybody else.
func TestAsideIsAtomic(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	var order []string
	run(t, s, func() {
		for _, name := range []string{"a", "b"} {
			s.Go(name, func() {
				order = append(order, name+" before")
				s.Aside(func() { order = append(order, name+" aside") })
				order = append(order, name+" after")
				s.Yield()
				order = append(order, name+" end")
			})
		}
	})
	if got := strings.Join(order, ", "); got != "a before, a aside, a after, b before, b aside, b after, a end, b end" {
		t.Error(got)
	}
}

func TestNothingWaitsAside(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		s.Aside(func() {
			if err := s.Sleep(time.Millisecond); err != coro.ErrOutside {
				t.Errorf("Sleep: %v", err)
			}
		})
		if err := s.Sleep(time.Millisecond); err != nil {
			t.Errorf("a Sleep after it: %v", err)
		}
	})
}

// A panic aside is one of the coroutine, which may recover from it, and tells where it was.
func TestAPanicAside(t *testing.T) {
	s := newScheduler(t, poll.Names()[0])
	run(t, s, func() {
		func() {
			defer func() {
				if said, _ := recover().(error); said == nil || !strings.Contains(said.Error(), "TestAPanicAside") ||
					!strings.Contains(said.Error(), "broken") {
					t.Errorf("recovered %v", said)
				}
			}()
			s.Aside(func() { panic("broken") })
			t.Error("it went on")
		}()
		s.Aside(func() {}) // and nothing is left of it
	})
	outside := false
	s.Aside(func() { outside = true })
	if !outside {
		t.Error("outside a coroutine it is not called")
	}
}
