package nethttp

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

// handOverMost is the bound of a hand-over: bytes that the handler has written and the coroutine has not
// taken. It is what io.Copy writes at once. The coroutine sends from a second buffer of that size.
const handOverMost = 32 << 10

var (
	errGone  = errors.New("nethttp: the client has left, or the server stops: nobody takes what is written")
	errEnded = errors.New("nethttp: the handler has returned: it cannot write any more")
)

// A handOver lies between a handler's goroutine and its connection's coroutine. The goroutine writes; for
// it, this is the http.ResponseWriter. The coroutine takes; only it touches the waiter, and spare.
//
// It is a queue with a bound, and the policy is to block: a full buffer makes Write wait until the
// coroutine has taken it, which does so as fast as its client reads.
type handOver struct {
	answer
	scheduler *coro.Scheduler
	waiter    strand.Waiter // the coroutine's place to sleep
	spare     []byte        // what was taken last, to be swapped in
	cancel    context.CancelFunc

	mutex  sync.Mutex // guards the rest
	room   *sync.Cond // the buffer was taken, or nobody will
	buffer []byte     // at most handOverMost
	due    bool       // the coroutine is to take it
	gone   bool       // nobody will
	ended  bool       // the handler returned
	failed error      // it panicked: a handlersPanic or http.ErrAbortHandler
}

func newHandOver(s *coro.Scheduler, cancel context.CancelFunc) *handOver {
	w := &handOver{answer: newAnswer(), scheduler: s, waiter: s.NewWaiter(), cancel: cancel}
	w.room = sync.NewCond(&w.mutex)
	return w
}

// Write is the http.ResponseWriter's. It blocks while the buffer is full.
func (w *handOver) Write(p []byte) (n int, err error) {
	if err := w.admit(len(p)); err != nil {
		return 0, err
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for {
		switch room := handOverMost - len(w.buffer); {
		case w.gone:
			return n, errGone
		case w.ended:
			return n, errEnded
		case len(p) <= room:
			w.buffer = append(w.buffer, p...)
			return n + len(p), nil
		default:
			w.buffer = append(w.buffer, p[:room]...)
			p, n = p[room:], n+room
			w.hand()
			w.room.Wait()
		}
	}
}

// Flush is the http.Flusher's.
func (w *handOver) Flush() { w.FlushError() }

// FlushError is what http.ResponseController calls. It does not wait until the client has what was written.
func (w *handOver) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch {
	case w.gone:
		return errGone
	case w.ended:
		return errEnded
	}
	w.hand()
	return nil
}

// hand tells the coroutine that there is something to take. The mutex is held.
func (w *handOver) hand() {
	if !w.due {
		w.due = true
		w.scheduler.Post(w.waiter.Wake)
	}
}

// take is the coroutine's: it waits until there is something to send, and has it until it takes again. ended
// says that nothing comes after it. When the wait is cancelled, the handler is told so. When the handler
// panicked, this panics too, except for http.ErrAbortHandler, which it returns.
func (w *handOver) take() (piece []byte, ended bool, err error) {
	for {
		w.mutex.Lock()
		if w.due || w.ended {
			break
		}
		w.mutex.Unlock()
		if err := w.waiter.Wait(time.Time{}); err != nil {
			w.abandon()
			return nil, false, err
		}
	}
	defer w.mutex.Unlock()
	switch {
	case w.failed == nil || w.due: // what was handed over before it failed is sent
	case w.failed == http.ErrAbortHandler:
		return nil, true, w.failed
	default:
		panic(w.failed)
	}
	piece = w.buffer
	w.buffer, w.spare = w.spare[:0], piece
	w.due = false
	w.room.Signal()
	return piece, w.ended && w.failed == nil, nil
}

// abandon is the coroutine's: nobody takes anything any more.
func (w *handOver) abandon() {
	w.mutex.Lock()
	w.gone = true
	w.room.Signal()
	w.mutex.Unlock()
	w.cancel()
}

// end is the last that the handler's goroutine does. p is what it panicked with, or nil.
func (w *handOver) end(p any, stack []byte) {
	w.cancel()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.ended = true
	switch p {
	case nil:
	case http.ErrAbortHandler:
		w.failed = http.ErrAbortHandler
	default:
		w.failed = handlersPanic{p, stack}
	}
}
