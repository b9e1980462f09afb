package prefork

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// A master hears signals all the time, and execve(2) sets handlers back to the default, which is death for all
// of ours. So, when everything stands still for an upgrade, there are two kinds:
//
//   - HUP, QUIT and USR2 are ignored; what is ignored stays ignored. The first and the last ask for what happens
//     anyway, and a report can be asked for again.
//   - TERM and INT are given back to their default. What was heard before is looked at once more, and a stop
//     among it ends the upgrade; what comes afterwards ends the process. A stop is never lost: for some
//     milliseconds, until the first line of the new main (Inherited listens), it is not a graceful one.
//
// Blocking signals in between would not help: the Go runtime unblocks them at its start, before any code of
// ours runs (runtime, minitSignalMask). For the same reason QUIT is fatal in the second half of that time, when
// the runtime has put its own handlers in place: after USR2 wait for the log's line, then ask for a report.
var (
	whatHappensAnyway = []os.Signal{unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR2}
	whatIsNeverLost   = []os.Signal{unix.SIGTERM, unix.SIGINT}
)

// heard is where a master's signals arrive; there is room for more than a person sends while one is handled.
var heard = make(chan os.Signal, 16)

func listenForSignals() {
	signal.Notify(heard, whatHappensAnyway...)
	signal.Notify(heard, whatIsNeverLost...)
}

// forward passes signals on to the master, until it has finished.
func (s *system) forward(signals <-chan os.Signal) {
	for {
		select {
		case got := <-signals:
			s.Post(func() { s.master.signal(got) })
		case s.between <- struct{}{}:
		case <-s.done:
			return
		}
	}
}
