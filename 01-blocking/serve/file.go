package serve

import (
	"io"
	"time"
)

// A FileSender is a [Stream] that can send a file without bringing its bytes into this program. For other
// streams they are read and sent in turn.
type FileSender interface {
	// SendFile sends n bytes of a file from offset on, all or fails: io.ErrUnexpectedEOF if it is shorter.
	SendFile(file io.ReaderAt, offset, n int64, until time.Time) error
}

const (
	// filePiece is what the write time-out is given for: 30 s for a mebibyte is a client of 35 kB a second,
	// and a file of any size can be fetched by it.
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
	for n > 0 && s.failed == nil {
		c, piece := s.connection, min(n, filePiece)
		s.failed = direct.SendFile(file, offset, piece, c.after(c.options.Timeouts.Write))
		offset, n = offset+piece, n-piece
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
