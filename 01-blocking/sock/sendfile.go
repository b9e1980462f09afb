package sock

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// copyPiece is how much of a file one SendFile brings into this program where the system cannot do without.
const copyPiece = 64 << 10

// SendFile hands the kernel as much of n bytes of a file, from offset on, as the socket has room for, and
// returns how much that was: less than n is no error. On Linux the bytes of an *os.File go from the page
// cache to the socket and never visit this program (sendfile(2)); elsewhere they are read and written.
//
// ErrAgain says that there was no room, io.ErrUnexpectedEOF that the file ends at offset. Of the socket the
// call does not wait, but it waits for the disk if the file is not in memory: so it is not a raw call, and
// has no place on an event loop.
func (s NonBlocking) SendFile(file io.ReaderAt, offset int64, n int) (int, error) {
	return sendFile(int(s), file, offset, n)
}

// SendFile waits until the kernel has taken some of n bytes of a file, or until a time-out; see
// NonBlocking.SendFile.
func (s Blocking) SendFile(file io.ReaderAt, offset int64, n int) (int, error) {
	n, err := sendFile(int(s), file, offset, n)
	return n, expired(err)
}

func sendFile(socket int, file io.ReaderAt, offset int64, n int) (sent int, err error) {
	if conn, ok := file.(syscall.Conn); ok && hasSendfile {
		raw, err := conn.SyscallConn()
		if err != nil {
			return 0, err
		}
		var errno syscall.Errno
		if err := raw.Control(func(fd uintptr) { sent, errno = sendfile(socket, int(fd), offset, n) }); err != nil {
			return 0, err // the file is closed
		}
		switch {
		case errno != 0:
			return 0, failure("sendfile", errno)
		case sent == 0:
			return 0, io.ErrUnexpectedEOF
		}
		return sent, nil
	}
	return copyFile(socket, file, offset, n)
}

// copyFile reads a piece of the file and writes what the socket takes of it.
func copyFile(socket int, file io.ReaderAt, offset int64, n int) (int, error) {
	piece := make([]byte, min(n, copyPiece))
	read, err := file.ReadAt(piece, offset)
	switch {
	case read > 0:
	case err == io.EOF:
		return 0, io.ErrUnexpectedEOF
	default:
		return 0, err
	}
	for {
		sent, err := unix.Write(socket, piece[:read])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, failure("write", errnoOf(err))
		}
		return sent, nil
	}
}
