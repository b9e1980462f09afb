//go:build !linux

package sock

import "syscall"

// macOS and FreeBSD have a sendfile with other arguments and habits; nobody measured it here.
const hasSendfile = false

func sendfile(int, int, int64, int) (int, syscall.Errno) { return 0, syscall.ENOSYS }
