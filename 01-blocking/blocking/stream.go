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
	for len(b) > 0 {
		n, err := s.send(until, func() (int, error) { return s.fd.Write(b) })
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// filePiece bounds one sendfile(2): SO_SNDTIMEO is for each time that the socket is full, so a call that
// moves much is one that the deadline does not reach.
const filePiece = 1 << 20

// SendFile blocks the thread until the kernel has taken some of a file, also while the disk is slow: it is
// nobody else's thread.
func (s *stream) SendFile(file io.ReaderAt, offset, n int64, until time.Time) (int64, error) {
	for {
		sent, err := s.send(until, func() (int, error) { return s.fd.SendFile(file, offset, int(min(n, filePiece))) })
		if sent > 0 || err != nil {
			return int64(sent), err
		}
	}
}

// send calls write once, with the time that is left. Nothing sent and no error is: try again.
func (s *stream) send(until time.Time, write func() (int, error)) (int, error) {
	left, err := remaining(until)
	if err != nil {
		return 0, err
	}
	if left != s.sends {
		if err := s.fd.SetWriteTimeout(left); err != nil {
			return 0, err
		}
		s.sends = left
	}
	s.seen.Park(trace.ForWrite)
	n, err := write()
	s.seen.Resume()
	if n > 0 {
		s.seen.Write(n)
	}
	switch err {
	case sock.ErrInterrupted, sock.ErrTimeout: // is the time really over?
		err = nil
	}
	return n, err
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
