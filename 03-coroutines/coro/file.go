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
	// Twin returns a second descriptor of a connection, for one other goroutine.
	Twin(fd int) (Twin, error)
}

// A Twin sends on a connection beside its scheduler. It is closed by whoever uses it.
type Twin interface {
	// SendFile sends as much of n bytes of a file as there is room for. ErrAgain: there is none. It may wait
	// for the disk.
	SendFile(file io.ReaderAt, offset, n int64) (int64, error)
	Close() error
}

// SendFile sends n bytes of a file, from offset on. A poller cannot tell whether a file is in memory or has
// to come from a disk (to epoll a file is always ready, or not to be watched at all), so this is done off the
// loop, in as many steps as the socket becomes full.
//
// A cancelled wait ends while the goroutine may still be sending. That is why it has a descriptor of its own:
// the number of this connection may be another client's by then. The file it holds by itself, as package os
// closes a file only after the last call on it.
func (c *Conn) SendFile(file io.ReaderAt, offset, n int64, until time.Time) error {
	s := c.scheduler
	kernel, ok := s.kernel.(FileKernel)
	if !ok {
		return c.copyFile(file, offset, n, until)
	}
	for n > 0 {
		if err := c.begin(); err != nil {
			return err
		}
		twin, err := kernel.Twin(int(c.fd))
		if err != nil {
			return err
		}
		sent, err := s.sendOff(twin, file, offset, n)
		offset, n = offset+sent, n-sent
		if err == ErrAgain {
			if err = s.await(&c.descriptor, &c.writer, toWrite, s.since(until)); err == nil {
				s.want(&c.descriptor, c.wanted&^poll.Write)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendOff sends off the loop, until the socket is full or all is sent, and closes the twin.
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
func (c *Conn) copyFile(file io.ReaderAt, offset, n int64, until time.Time) error {
	piece := make([]byte, min(n, sendSize))
	for n > 0 {
		m, err := file.ReadAt(piece[:min(n, sendSize)], offset)
		if m == 0 {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := c.Send(piece[:m], until); err != nil {
			return err
		}
		offset, n = offset+int64(m), n-int64(m)
	}
	return nil
}
