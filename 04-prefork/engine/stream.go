package engine

import (
	"io"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"golang.org/x/sys/unix"
)

// readSize is how much one read may bring. Each thread has a buffer of its own, so it is small.
const readSize = 4096

// A stream is serve's view of a connection that has a thread, which waits in poll(2).
type stream struct {
	fd        sock.NonBlocking
	threads   *threads
	cancelled bool   // the stop has been told to this connection; it is told once
	early     []byte // read from it before it came here
	buffer    [readSize]byte
}

// Recv blocks the thread until something has arrived, or the drain begins.
func (s *stream) Recv(until time.Time) ([]byte, error) {
	if b := s.early; len(b) > 0 {
		s.early = nil
		return b, nil
	}
	for {
		n, err := s.fd.Read(s.buffer[:])
		if err != sock.ErrAgain {
			return s.buffer[:n], err
		}
		stopped := s.threads.stopped
		if s.cancelled {
			stopped = -1
		}
		ready, stopping, err := wait(s.fd, unix.POLLIN, stopped, until)
		if err != nil {
			return nil, err
		}
		if stopping && !ready { // what has arrived comes first
			s.cancelled = true
			return nil, strand.ErrCanceled
		}
	}
}

// Send blocks the thread until the kernel has taken all of b. An answer is not cut off by a drain.
func (s *stream) Send(b []byte, until time.Time) error {
	for len(b) > 0 {
		n, err := s.fd.Write(b)
		b = b[n:]
		if err == sock.ErrAgain {
			_, _, err = wait(s.fd, unix.POLLOUT, -1, until)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SendFile blocks the thread until the kernel has taken some of a file.
func (s *stream) SendFile(file io.ReaderAt, offset, n int64, until time.Time) (int64, error) {
	for {
		sent, err := s.fd.SendFile(file, offset, int(n))
		if err != sock.ErrAgain {
			return int64(sent), err
		}
		if _, _, err := wait(s.fd, unix.POLLOUT, -1, until); err != nil {
			return 0, err
		}
	}
}

// CloseWrite sends the end of the stream.
func (s *stream) CloseWrite() error { return s.fd.CloseWrite() }

// wait blocks the thread until fd is ready for events, or stopped has ended, or the time is over. A
// negative descriptor is not asked (poll(2)); the zero time waits for ever.
func wait(fd sock.NonBlocking, events int16, stopped sock.NonBlocking, until time.Time) (ready, stopping bool, err error) {
	asked := []unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(stopped), Events: unix.POLLIN}}
	for {
		milliseconds := -1
		if !until.IsZero() {
			left := time.Until(until)
			if left <= 0 {
				return false, false, strand.ErrTimeout
			}
			// Upwards: what is less than a millisecond would otherwise not be waited for.
			milliseconds = int(min((left+time.Millisecond-1)/time.Millisecond, 1<<30))
		}
		switch n, err := unix.Poll(asked, milliseconds); {
		case err == unix.EINTR || err == nil && n == 0:
			continue // the time, if there is one, decides
		case err != nil:
			return false, false, err
		}
		return asked[0].Revents != 0, asked[1].Revents != 0, nil
	}
}
