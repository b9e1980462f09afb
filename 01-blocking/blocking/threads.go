package blocking

import (
	"runtime"
	"sync"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
)

// Threads is the model in which every strand is an OS thread.
//
// In Go that has to be asked for: a goroutine that waits gives its thread to another goroutine, and
// 2,000 waiting "threads" would be 4. runtime.LockOSThread binds them together, for better or worse, and
// then 2,000 waiters are 2,004 threads; at 10,000 the Go runtime gives up (runtime/proc.go, maxmcount).
type Threads struct {
	sync.Mutex

	// Unlocked leaves the binding out: the strands are ordinary goroutines. It is there to be compared.
	Unlocked bool

	// Trace records the waits of handlers. They are told by the number of their thread, so on Linux, and
	// not if Unlocked. nil: not recorded.
	Trace *trace.Recorder
}

// Go starts fn on a thread of its own. The thread ends with fn, as it is never unlocked.
func (t *Threads) Go(_ string, fn func()) {
	go func() {
		if !t.Unlocked {
			runtime.LockOSThread()
		}
		fn()
	}()
}

// Now is the real clock.
func (t *Threads) Now() time.Time { return time.Now() }

// NewWaiter returns a place to sleep for one thread.
func (t *Threads) NewWaiter() strand.Waiter {
	return &waiter{woken: make(chan struct{}, 1), threads: t}
}

// NewWaiterFor returns one too: threads make no report of who waits for what.
func (t *Threads) NewWaiterFor(strand.Purpose) strand.Waiter { return t.NewWaiter() }

// number tells the calling strand from the others in a recording; 0 if it has no thread of its own.
func (t *Threads) number() int {
	if t.Unlocked {
		return 0
	}
	return threadNumber()
}

// A waiter's channel has room for one wake, so a wake before the wait is remembered, and a second one
// changes nothing.
type waiter struct {
	woken   chan struct{}
	threads *Threads
}

func (w *waiter) Wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *waiter) Wait(until time.Time) error {
	if seen := w.threads.Trace; seen != nil {
		strand := w.threads.number()
		seen.Park(strand, trace.ForWake)
		defer seen.Resume(strand)
	}
	if until.IsZero() {
		<-w.woken
		return nil
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-w.woken:
		return nil
	case <-timer.C:
		return strand.ErrTimeout
	}
}
