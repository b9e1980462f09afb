package prefork

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// execve(2) sets handlers back to the default, which for all of our signals is death; what is blocked stays
// blocked, and what arrives meanwhile stays pending. So the thread that executes blocks them. Every other
// thread ends in execve, and one that has caught a signal before sends it again (sendAgain): it is caught
// and sent again until only the thread is left that blocks it. signal.Notify in the new program lets it in.
// Between catching and sending there are some microseconds in which execve can end that thread, and with it
// the signal.

// withSignalsKept calls fn, which executes a program, with our signals blocked.
func withSignalsKept(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ours, before unix.Sigset_t
	bits := 1024 / len(ours.Val) // of a word; signal 1 is the lowest bit
	for _, s := range mastersSignals {
		n := int(s.(syscall.Signal)) - 1
		ours.Val[n/bits] |= 1 << (n % bits)
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &ours, &before); err != nil {
		return err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	return fn()
}

// unblocked calls fn, which starts a process, with no signal blocked: a process inherits the mask of the
// thread that starts it, and in a program that has taken over all threads but one have our signals blocked.
func unblocked(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var none, before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &before); err != nil {
		return err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	return fn()
}

// sendAgain sends this process a signal that it has caught.
func sendAgain(s os.Signal) { unix.Kill(os.Getpid(), s.(syscall.Signal)) }

// namelessFile is a file in memory (memfd_create(2)) that programs executed from here on inherit.
func namelessFile() (int, error) { return unix.MemfdCreate("c10k-state", 0) }
