package blocking

import (
	"io"
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/trace"
)

// readSize is how much one read may bring. Each thread has a buffer of its own, so it is small.
const readSize = 4096

// A stream is serve's view of a blocking socket. Its deadlines are absolute, while SO_RCVTIMEO and
// SO_SNDTIMEO count anew for each call (socket(7)): a client that sends a byte now and then would never
// meet a time-out of the second kind. So each call is given the time that remains.
type stream struct {
	fd             sock.Blocking
	buffer         [readSize]byte
	reading, sends time.Duration // as the kernel was told last
	seen           *trace.Connection
}

// Recv blocks the thread until something has arrived.
func (s *stream) Recv(until time.Time) ([]byte, error) {
	for {
		left, err := remaining(until)
		if err != nil {
			return nil, err
		}
		if left != s.reading {
			if err := s.fd.SetReadTimeout(left); err != nil {
				return nil, err
			}
			s.reading = left
		}
		s.seen.Park(trace.ForRead)
		n, err := s.fd.Read(s.buffer[:])
		s.seen.Resume()
		switch err {
		case sock.ErrInterrupted, sock.ErrTimeout: // is the time really over?
		default:
			if n > 0 {
				s.seen.Read(n)
			}
			return s.buffer[:n], err
		}
	}
}

// Send blocks the thread until the kernel has taken all of b.
func (s *stream) Send(b []byte, until time.Time) error {
	return s.send(int64(len(b)), until, func(sent int64) (int, error) { return s.fd.Write(b[sent:]) })
}

// SendFile blocks the thread until the kernel has taken n bytes of a file, also while the disk is slow: it is
// nobody else's thread.
func (s *stream) SendFile(file io.ReaderAt, offset, n int64, until time.Time) error {
	return s.send(n, until, func(sent int64) (int, error) { return s.fd.SendFile(file, offset+sent, int(n-sent)) })
}

// send calls write, which is told how much has been sent, until that is n.
func (s *stream) send(n int64, until time.Time, write func(sent int64) (int, error)) error {
	for sent := int64(0); sent < n; {
		left, err := remaining(until)
		if err != nil {
			return err
		}
		if left != s.sends {
			if err := s.fd.SetWriteTimeout(left); err != nil {
				return err
			}
			s.sends = left
		}
		s.seen.Park(trace.ForWrite)
		more, err := write(sent)
		s.seen.Resume()
		if more > 0 {
			s.seen.Write(more)
		}
		sent += int64(more)
		switch err {
		case nil, sock.ErrInterrupted, sock.ErrTimeout:
		default:
			return err
		}
	}
	return nil
}

// CloseWrite sends the end of the stream.
func (s *stream) CloseWrite() error { return s.fd.CloseWrite() }

// remaining is the time left until a deadline; 0, for ever, if there is none.
func remaining(until time.Time) (time.Duration, error) {
	if until.IsZero() {
		return 0, nil
	}
	left := time.Until(until)
	if left <= 0 {
		return 0, strand.ErrTimeout
	}
	return left.Round(coarse) + coarse, nil
}

// coarse is how exactly the kernel is told: a connection whose requests come at once has the same time
// left before each, and is spared the system call that would say so again.
const coarse = 10 * time.Millisecond
