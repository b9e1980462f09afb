package serve

import (
	"io"
	"time"
)

// A FileSender is a [Stream] that can send a file without bringing its bytes into this program. For other
// streams they are read and sent in turn.
type FileSender interface {
	// SendFile sends some of n bytes of a file from offset on, at least one, and says how many; or fails:
	// io.ErrUnexpectedEOF if the file ends there.
	SendFile(file io.ReaderAt, offset, n int64, until time.Time) (int64, error)
}

const (
	// filePiece is what the write time-out is given for: the deadline moves on by it with each mebibyte that
	// the client has taken. 30 s for a mebibyte is 35 kB a second; who takes less is cut off, however large
	// the file, and who takes more is not, however large the file.
	filePiece = 1 << 20

	// readPiece is how much of a file is in memory when there is no FileSender.
	readPiece = 64 << 10
)

// SendFile is the handler's: see http1.Sender.
func (s *sender) SendFile(file io.ReaderAt, offset, n int64) error {
	if s.failed != nil {
		return s.failed
	}
	direct, ok := s.connection.stream.(FileSender)
	if !ok || s.chunked {
		return s.copyFile(file, offset, n)
	}
	if s.sized && n > s.left && s.failed == nil {
		s.failed = errTooLong
	}
	s.left -= n
	c, sent := s.connection, int64(0)
	begun := c.lent.options.Now()
	for sent < n && s.failed == nil {
		until := time.Time{}
		if d := c.lent.options.Timeouts.Write; d != 0 {
			until = begun.Add(d * time.Duration(sent/filePiece+1))
		}
		var more int64
		more, s.failed = direct.SendFile(file, offset+sent, n-sent, until)
		sent += more
	}
	return s.failed
}

// copyFile reads a piece and sends it, in turn.
func (s *sender) copyFile(file io.ReaderAt, offset, n int64) error {
	buffer := make([]byte, min(n, readPiece))
	for n > 0 && s.failed == nil {
		piece := buffer[:min(n, readPiece)]
		if m, err := file.ReadAt(piece, offset); m < len(piece) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			s.failed = err
			break
		}
		s.Send(piece)
		offset, n = offset+int64(len(piece)), n-int64(len(piece))
	}
	return s.failed
}
