//go:build amd64 && !race

// Frames differ from one architecture to the next, and the race detector's calls need stack of their
// own; the figures here are those of amd64 without it.

package http1

import (
	"iter"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"
)

// A coroutine begins with a stack of 2 KiB, and one that has grown keeps 4 KiB while its client waits:
// for ten thousand of them, 20 MB. So what the parser and the writer use of it is measured.
//
// stackUse returns how much stack run needs, in bytes. It is called from further and further down until
// the stack has to grow, and compared with doing nothing there.
func stackUse(run func()) int {
	run() // what it allocates once, such as room for the fields, it has from now on
	depth := func(run func()) (n int) {
		for !grows(n, run) {
			n++
		}
		return n
	}
	return (depth(func() {}) - depth(run)) * deeperFrame
}

// grows tells whether a new coroutine's stack is too small for run, called n frames down. A stack grows
// by moving elsewhere, so a local variable of which no pointer is kept has another address afterwards.
func grows(n int, run func()) (grown bool) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		var local byte
		before := uintptr(unsafe.Pointer(&local))
		deeper(n, run)
		grown = before != uintptr(unsafe.Pointer(&local))
	})
	defer stop()
	next()
	return grown
}

// deeperFrame is what one call of deeper needs: its locals, the frame pointer and the return address.
const deeperFrame = 32

//go:noinline
func deeper(n int, run func()) {
	if n == 0 {
		run()
		return
	}
	deeper(n-1, run)
}

// The 2 KiB hold about 0.85 KiB of frames beside what the runtime keeps in reserve, and serve and the
// handler need some of them too.
func TestStack(t *testing.T) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // its write barriers need stack now and then
	var request Request
	var date Date
	var parser Parser
	out := make([]byte, 0, 1024)
	for _, c := range []struct {
		name string
		most int
		run  func()
	}{
		{"Next, of a request that came whole", 640, func() {
			parser = NewParser(&request, nil)
			parser.Feed(browserRequest)
			parser.Next()
		}},
		{"Next, of one that did not", 640, func() {
			parser = NewParser(&request, nil)
			parser.Feed(browserRequest[:100])
			parser.Next()
			parser.Feed(browserRequest[100:])
			parser.Next()
		}},
		{"AppendResponse", 448, func() {
			out = AppendResponse(out[:0], Framing{}, everything, date.At(time1994))
		}},
	} {
		if use := stackUse(c.run); use > c.most || use <= 0 {
			t.Errorf("%s needs %d bytes of stack, more than %d", c.name, use, c.most)
		}
	}
}
