package system

import (
	"io"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/03-coroutines/coro"
)

var _ coro.FileKernel = (*Kernel)(nil)

// SendFile sends what there is room for, and waits for the disk if it has to.
func (k *Kernel) SendFile(fd int, file io.ReaderAt, offset, n int64) (int64, error) {
	return sending{sock.NonBlocking(fd)}.SendFile(file, offset, n)
}

// Twin duplicates a connection's descriptor, for a goroutine that sends a file on it.
func (k *Kernel) Twin(fd int) (coro.Twin, error) {
	twin, err := sock.NonBlocking(fd).Duplicate()
	return sending{twin}, err
}

type sending struct{ sock.NonBlocking }

func (c sending) SendFile(file io.ReaderAt, offset, n int64) (int64, error) {
	sent, err := c.NonBlocking.SendFile(file, offset, int(n))
	if err == sock.ErrAgain {
		err = coro.ErrAgain
	}
	return int64(sent), err
}
