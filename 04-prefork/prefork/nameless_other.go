//go:build darwin || freebsd

package prefork

import (
	"os"

	"golang.org/x/sys/unix"
)

// namelessFile is a file whose name is gone, and which a program executed from here on inherits.
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
