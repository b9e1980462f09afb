package prefork

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// toDefault sets signals back to their default action, past the Go runtime, which keeps its own handler even
// for a signal that nobody listens to. With a handler a signal can be lost: the thread that has caught it may
// be ended by execve before it has done anything about it. With the default action nobody catches it: the
// kernel ends the process, or what it has become.
func toDefault(signals []os.Signal) (restore func(), err error) {
	before := make([]action, len(signals))
	for i, s := range signals {
		if err := setAction(s, &action{}, &before[i]); err != nil {
			return func() {}, err
		}
	}
	return func() {
		for i, s := range signals {
			setAction(s, &before[i], nil)
		}
	}, nil
}

// action has room for the kernel's struct sigaction on every architecture. All zero, it is SIG_DFL.
type action [8]uint64

// maskSize is that of the kernel's signal set, in bytes.
const maskSize = 8

func setAction(s os.Signal, to, before *action) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s.(syscall.Signal)),
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(before)), maskSize, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("rt_sigaction", errno)
	}
	return nil
}
