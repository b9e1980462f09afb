package prefork

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// socketPair makes the two ends of a link. This system cannot make them close-on-exec in one step, so no
// process may be started between the two (syscall.ForkLock).
func socketPair() (ours, theirs int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	return pair[0], pair[1], nil
}
