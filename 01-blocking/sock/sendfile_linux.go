package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const hasSendfile = true

// sendfile is sendfile(2). It leaves the file's own position alone, so a file may be shared.
func sendfile(socket, file int, offset int64, n int) (int, syscall.Errno) {
	for {
		sent, err := unix.Sendfile(socket, file, &offset, n)
		if err != unix.EINTR {
			return max(sent, 0), errnoOf(err)
		}
	}
}
