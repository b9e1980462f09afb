package specimens

import (
	"fmt"
	"io"
	"os"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// hasty is the simpler one: it waits for reading and writing at the same time, and does both at once.
type hasty struct{ *worker }

// admit wants everything of a new connection from the start.
//
// Fault both-interests: a socket that nobody has written to has room, so it is writable now and always. The
// poller reports it before the request has come. That hasty does not spin on it is only because it answers
// at once and closes; let it wait for the request first and keep both interests, and every look returns at
// once while the client is silent (see the test). Mended in loop by watch: it wants Write only while the
// socket has no room for output that is there.
func (h hasty) admit(c sock.NonBlocking) error {
	return h.register(int(c), poll.Read|poll.Write, func(ready poll.Interest) error {
		if ready&poll.Read != 0 {
			if err := h.read(c); err != nil {
				return err
			}
		}
		if ready&poll.Write != 0 {
			return h.write(c)
		}
		return nil
	})
}

// pieceSize is how much hasty reads of a request, in bytes.
const pieceSize = 1000

// read reads once, and looks at nothing.
//
// Fault one-piece: a request longer than this, or one that comes in two pieces, leaves bytes unread in the
// socket. Closing such a socket sends a reset instead of the end (RFC 2525 section 2.17). Mended in loop by
// a parser that says when a request is whole, and by lingering after the last answer.
func (h hasty) read(c sock.NonBlocking) error {
	var piece [pieceSize]byte
	if _, err := c.Read(piece[:]); err != nil && err != io.EOF {
		return err
	}
	return nil
}

// write answers and closes.
//
// Fault answer-first: nothing says that a request was read. On a quick machine the connection is writable
// before the request is there: it is answered all the same, and closed. The request then arrives at a closed
// socket, and the client is sent a reset; ab ends with "Connection reset by peer (104)", wrk counts a read
// error. Whether it happens is a race of client and server, so it comes and goes with the load. Mended in
// loop by writing only what a handler has answered to a request.
//
// Fault silent-close: HTTP/1.1 keeps a connection open unless the answer says Connection: close (RFC 9112
// section 9.6), and this one does not say it. A client sends its next request into the closing connection.
// Mended in loop by http1.AppendResponse, which is told whether the connection will be closed.
func (h hasty) write(c sock.NonBlocking) error {
	body := fmt.Append(nil, os.Getpid())
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := c.Write(answer); err != nil {
		return err
	}
	return h.drop(c)
}
