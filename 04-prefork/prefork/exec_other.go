//go:build darwin || freebsd

package prefork

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// execve(2) sets handlers back to the default, which for all of our signals is death; what is ignored stays
// ignored. Package unix cannot block signals on these systems, so here one that arrives in the milliseconds
// until the new program listens is lost: send it again.

// withSignalsKept calls fn, which executes a program, with our signals ignored.
func withSignalsKept(fn func() error) error {
	signal.Ignore(mastersSignals...)
	return fn() // and if it returns, Exec listens again
}

// unblocked calls fn, which starts a process: nothing is blocked here.
func unblocked(fn func() error) error { return fn() }

// sendAgain has nobody to send to: see above.
func sendAgain(os.Signal) {}

// namelessFile is a file whose name is gone, and which programs executed from here on inherit.
func namelessFile() (int, error) {
	file, err := os.CreateTemp("", "c10k-state")
	if err != nil {
		return -1, err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return -1, err
	}
	return unix.FcntlInt(file.Fd(), unix.F_DUPFD, linkDescriptor)
}
