package specimens

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// forgetful is the more careful one: it reads until the head is whole, answers, and wants either reading or
// writing, never both.
type forgetful struct {
	*worker
	answer []byte
}

// A conversation is what forgetful keeps for a connection.
type conversation struct {
	connection sock.NonBlocking
	in, out    []byte
	closing    bool // the connection is to be closed when out is written
}

func (f forgetful) admit(c sock.NonBlocking) error {
	return f.listen(&conversation{connection: c})
}

func (f forgetful) listen(c *conversation) error {
	return f.register(int(c.connection), poll.Read, func(poll.Interest) error { return f.read(c) })
}

// portion is how much forgetful reads or writes at a time, in bytes.
//
// Fault small-portions: each portion costs a turn through the poller, so a browser's head of 700 bytes costs
// three and an answer of 10 KB forty. Mended in loop by one large buffer that belongs to the loop, not to a
// connection.
const portion = 256

// read adds to the head until it is whole.
//
// Fault endless-head: there is no limit, so one client can have all the memory; and as the search begins
// anew at each portion, its cost grows with the square of the head's length. Mended in http1 by Limits, and
// by a parser that goes on where it stopped.
//
// Fault no-timeout: a client that says nothing keeps its descriptor for ever. Mended in loop by timers.
func (f forgetful) read(c *conversation) error {
	var piece [portion]byte
	n, err := c.connection.Read(piece[:])
	if err == io.EOF {
		return f.drop(c.connection)
	}
	if err != nil {
		return err
	}
	c.in = append(c.in, piece[:n]...)
	head, rest, whole := bytes.Cut(c.in, []byte("\r\n\r\n"))
	if !whole {
		return nil
	}
	return f.respond(c, head, rest)
}

// errPipelined is what the original raises when a request is followed by more bytes.
var errPipelined = errors.New("pipelining is not supported")

// respond answers a head.
//
// Fault echoed-version: the answer says it speaks whatever version the request said, HTTP/7.3 too. A version
// is the sender's own (RFC 9110 section 6.2), and one that is not spoken is refused. Mended in
// http1.AppendResponse, which always says HTTP/1.1.
//
// Fault stuck-pipeline: what follows the head is kept, but looked at only when more bytes come. A client
// that sent two requests at once waits for the second answer until it sends a third request. Mended in loop
// by proceed, which asks the parser for the next request before it waits for bytes.
//
// Fault body-as-request: Content-Length is not read, so a body is taken for the next request: whoever can
// choose a body can choose a request. Mended in http1 by the body's length, always.
func (f forgetful) respond(c *conversation, head, rest []byte) error {
	version, stays, err := understand(head)
	if err != nil {
		return err
	}
	field := "Connection: Close\r\n"
	if stays {
		field = "Connection: Keep-Alive\r\n"
	}
	body := f.answer
	if body == nil {
		body = []byte("ok")
	}
	c.out = fmt.Appendf(c.out, "%s 200 OK\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", version, field, len(body), body)
	c.closing = !stays
	c.in = rest
	if err := f.register(int(c.connection), poll.Write, func(poll.Interest) error { return f.write(c) }); err != nil {
		return err
	}
	if len(rest) > 0 {
		return errPipelined
	}
	return nil
}

// understand takes the version out of the request line, and whether the connection stays open.
//
// Fault closed-by-default: HTTP/1.1 connections stay open unless somebody says close (RFC 9112 section 9.3);
// this one says Close to every client that does not ask for Keep-Alive. wrk believes it and opens a new
// connection for each request. Mended in http1: the version decides what the default is.
//
// Fault unanswered-mistake: a request line that is not three words is an error, and an error is printed. The
// client hears nothing, and the bad head stays where it is, in front of every later request. Mended in loop
// by refuse: it answers 400 and closes.
func understand(head []byte) (version []byte, stays bool, err error) {
	lines := bytes.Split(head, []byte("\r\n"))
	words := bytes.Split(lines[0], []byte(" "))
	if len(words) != 3 {
		return nil, false, fmt.Errorf("a request line has three words, and this one %d", len(words))
	}
	for _, line := range lines[1:] {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("connection")) {
			stays = bytes.EqualFold(bytes.TrimSpace(value), []byte("keep-alive"))
			break
		}
	}
	return words[2], stays, nil
}

// write sends a portion of the answer, and after the last one decides what comes next.
//
// Fault lost-close: the flag is overwritten in the line above the one that asks for it, so the connection is
// never closed. ab, without -k, speaks HTTP/1.0 and takes the end of the stream for the end of the answer: it
// waits for ever. ab -k and wrk count bytes, and notice nothing. Mended in loop by finish.
//
// Fault hang-up-spin: when the client has gone, Write fails. The error is printed and the connection kept,
// registered for Write; a socket with an error is always ready, so the same error is printed again at once,
// and again. Mended in loop by leave, for every error of a connection.
func (f forgetful) write(c *conversation) error {
	n, err := c.connection.Write(c.out[:min(portion, len(c.out))])
	if err != nil {
		return err
	}
	c.out = c.out[n:]
	if len(c.out) > 0 {
		return nil
	}
	c.closing = false
	if c.closing {
		return f.drop(c.connection)
	}
	return f.listen(c)
}
