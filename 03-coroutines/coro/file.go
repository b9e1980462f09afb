package coro

import (
	"io"
	"sync/atomic"
	"time"

	"example.com/c10k/02-selectors/poll"
)

// A FileKernel is a Kernel that can send files. Of others the bytes are read and sent in turn, on the loop:
// the simulated one has no disk to wait for.
type FileKernel interface {
	// InMemory says whether n bytes of a file, from offset on, are certain to be there without a disk. If
	// nobody knows they are not.
	InMemory(file io.ReaderAt, offset, n int64) bool

	// SendFile sends as much of n bytes of a file as there is room for. ErrAgain: there is none. If the bytes
	// are not in memory it waits for the disk.
	SendFile(fd int, file io.ReaderAt, offset, n int64) (int64, error)

	// Twin returns a second descriptor of a connection, for one other goroutine, which closes it.
	Twin(fd int) (Twin, error)
}

// A Twin sends on a connection from another goroutine. SendFile is FileKernel's.
type Twin interface {
	SendFile(file io.ReaderAt, offset, n int64) (int64, error)
	Close() error
}

// fileStep bounds what is sent of a file in one turn of the loop: a mebibyte takes about 0.1 ms.
const fileStep = 1 << 20

// SendFile sends some of n bytes of a file, from offset on, at least one.
//
// A poller cannot tell whether a file is in memory or has to come from a disk: to epoll a file is not to be
// watched at all. So the kernel is asked in another way, and what is not certain to be in memory is sent off
// the loop, as much at once as the socket has room for.
func (c *Conn) SendFile(file io.ReaderAt, offset, n int64, until time.Time) (int64, error) {
	s := c.scheduler
	kernel, ok := s.kernel.(FileKernel)
	if !ok {
		return c.copyFile(file, offset, n, until)
	}
	for {
		if err := c.begin(); err != nil {
			return 0, err
		}
		sent, err := int64(0), error(nil)
		if step := min(n, fileStep); kernel.InMemory(file, offset, step) {
			if sent, err = kernel.SendFile(int(c.fd), file, offset, step); err == nil && sent < n {
				return sent, s.Yield()
			}
		} else if twin, failed := kernel.Twin(int(c.fd)); failed == nil {
			sent, err = s.sendOff(twin, file, offset, n)
		} else {
			err = failed
		}
		if sent > 0 {
			return sent, nil
		}
		if err == ErrAgain {
			if err = s.await(&c.descriptor, &c.writer, toWrite, s.since(until)); err == nil {
				err = s.want(&c.descriptor, c.wanted&^poll.Write)
			}
		}
		if err != nil {
			return 0, err
		}
	}
}

// sendOff sends off the loop, until the socket is full or all is sent.
//
// A cancelled wait ends while the goroutine may still be sending. That is why it has a descriptor of its own:
// the number of this connection may be another client's by then. The file it holds by itself, as package os
// closes a file only after the last call on it.
func (s *Scheduler) sendOff(twin Twin, file io.ReaderAt, offset, n int64) (int64, error) {
	type outcome struct {
		begun atomic.Bool // by the goroutine, or by nobody any more
		sent  int64
		err   error
	}
	o := &outcome{}
	err := s.Offload(func() {
		if o.begun.Swap(true) {
			return
		}
		defer twin.Close()
		for o.sent < n && o.err == nil {
			var sent int64
			sent, o.err = twin.SendFile(file, offset+o.sent, n-o.sent)
			o.sent += sent
		}
	})
	if err != nil { // cancelled: what the goroutine does is not looked at any more
		if !o.begun.Swap(true) {
			twin.Close()
		}
		return 0, err
	}
	return o.sent, o.err
}

// copyFile is SendFile for a kernel that cannot.
func (c *Conn) copyFile(file io.ReaderAt, offset, n int64, until time.Time) (int64, error) {
	piece := make([]byte, min(n, sendSize))
	m, err := file.ReadAt(piece, offset)
	switch {
	case m > 0:
		return int64(m), c.Send(piece[:m], until)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}
