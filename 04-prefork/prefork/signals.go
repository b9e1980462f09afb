package prefork

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A master hears signals all the time, also while it becomes another program. execve(2) sets handlers back
// to the default, which is death for all of ours. So there are two kinds:
//
//   - HUP, QUIT and USR2 are ignored from just before execve; what is ignored stays ignored. The first and the
//     last ask for what happens anyway, and a report can be asked for again.
//   - TERM and INT must not be forgotten. The old program hears them until execve ends its threads, and
//     writes them behind the state; the new program begins with them.
//
// What is left is a moment, from the end of the old threads to the first line of the new main (Inherited
// listens), some milliseconds long, in which TERM and INT end the process: a stop as it was asked for, but no
// graceful one. So does QUIT in the second half of it, when the Go runtime has put its own handlers in place
// (runtime, initsig): after USR2 wait for the log's line before you ask for a report. Blocking the signals in
// between does not help, as the runtime unblocks them at its start, before any code of ours runs (runtime,
// minitSignalMask).
var (
	whatHappensAnyway = []os.Signal{unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR2}
	whatMustBeKept    = []os.Signal{unix.SIGTERM, unix.SIGINT}
)

// heard is where a master's signals arrive; there is room for more than a person sends while one is handled.
var heard = make(chan os.Signal, 16)

func listenForSignals() {
	signal.Notify(heard, whatHappensAnyway...)
	signal.Notify(heard, whatMustBeKept...)
}

// late keeps the signals that come when the master does not answer any more.
type late struct {
	mu      sync.Mutex
	leaving bool
	signals []os.Signal
	file    int // behind the state in it; 0: not written yet
}

// keep keeps a signal, if the master is leaving.
func (l *late) keep(s os.Signal) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leaving {
		l.signals = append(l.signals, s)
		l.write(s)
	}
	return l.leaving
}

// write writes a signal behind the state.
func (l *late) write(s os.Signal) {
	if l.file != 0 {
		unix.Write(l.file, fmt.Appendf(nil, "%d\n", int(s.(syscall.Signal))))
	}
}

// leave begins to keep signals.
func (l *late) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving = true
}

// into says where the state is.
func (l *late) into(file int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = file
	for _, s := range l.signals {
		l.write(s)
	}
}

// stay ends the keeping and returns what was kept: the master goes on.
func (l *late) stay() (kept []os.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, l.signals, l.leaving, l.file = l.signals, nil, false, 0
	return kept
}

// forward passes signals on to the master, until it has finished.
func (s *system) forward(signals <-chan os.Signal) {
	for {
		select {
		case got := <-signals:
			if !s.late.keep(got) {
				s.Post(func() { s.master.signal(got) })
			}
		case s.between <- struct{}{}:
		case <-s.done:
			return
		}
	}
}
