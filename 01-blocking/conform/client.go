package conform

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// A Client is one connection of a case. Every method ends the case if it cannot do what its name says
// within the case's patience.
type Client struct {
	t      *T
	conn   net.Conn
	number int
	reader *bufio.Reader
	until  time.Time // a deadline for several steps; zero: every step has its own
}

func newClient(t *T, conn net.Conn, number int) *Client {
	c := &Client{t: t, conn: conn, number: number}
	c.reader = bufio.NewReader(listener{c})
	return c
}

// Send writes all of it. A server that has closed already makes it fail, or not: the first write after
// the other side's end is taken by the kernel.
func (c *Client) Send(raw string) {
	c.setDeadline()
	c.t.log.add(c.number, "sends", []byte(raw))
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fail("the server takes the request", "%s", explain(err, c.t.patience))
	}
}

// TrySend is Send to a server that may refuse before it has read everything: that the rest cannot be
// written is no failure.
func (c *Client) TrySend(raw string) {
	c.setDeadline()
	c.t.log.add(c.number, "sends", []byte(raw))
	io.WriteString(c.conn, raw)
}

// SendInPieces writes one piece after the other and lets the server read each by itself. An answer that
// comes before the last piece is a fault: it answers a request that is not there yet.
func (c *Client) SendInPieces(pieces ...string) {
	for i, piece := range pieces {
		if i > 0 {
			c.Silent()
		}
		c.Send(piece)
	}
}

// Get asks for a target and returns the answer.
func (c *Client) Get(target string) *Answer {
	c.Send(c.t.Request("GET", target))
	return c.Answer("GET")
}

// Answer reads the next final answer; the method is the request's, as HEAD is answered without a body.
// Interim answers (1xx) before it are allowed and skipped, as RFC 9110 section 15.2 asks of a client.
func (c *Client) Answer(method string) *Answer {
	for {
		if a := c.next(method); a.Status >= 200 {
			return a
		}
	}
}

// Interim reads the next answer, which must be an interim one.
func (c *Client) Interim() *Answer {
	a := c.next("GET")
	if a.Status >= 200 {
		c.t.Fail("an interim answer (100)", "%s", a)
	}
	return a
}

func (c *Client) next(method string) *Answer {
	c.setDeadline()
	a, err := readAnswer(c.reader, method)
	if err != nil {
		c.t.Fail("a complete and well-formed answer", "%s", explain(err, c.t.patience))
	}
	return a
}

// End expects the orderly end of the connection: no byte more, and no reset, which could destroy an
// answer that is still on its way (RFC 9112 section 9.6).
func (c *Client) End() {
	if err := c.endedWith(); !errors.Is(err, io.EOF) {
		c.t.Fail("the server closes the connection in order", "%s", explain(err, c.t.patience))
	}
}

// Gone expects that the server gave the connection up, in order or with a reset, without a byte more.
func (c *Client) Gone() {
	if err := c.endedWith(); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fail("the server closes the connection", "%s", explain(err, c.t.patience))
	}
}

func (c *Client) endedWith() error {
	c.setDeadline()
	if _, err := c.reader.Peek(1); err != nil {
		return err
	}
	c.unexpected("the end of the connection, and no byte more")
	return nil
}

// Silent lets a pause pass in which the server must say nothing and keep the connection.
func (c *Client) Silent() {
	if c.Spoke() {
		c.unexpected("no answer yet: what was sent does not ask for one")
	}
}

// Spoke lets a pause pass and tells whether an answer began in it. The connection's end is a fault.
func (c *Client) Spoke() bool {
	c.conn.SetDeadline(c.t.patience.Now().Add(c.t.patience.Pause))
	_, err := c.reader.Peek(1)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fail("an open connection", "%s", explain(err, c.t.patience))
	}
	return err == nil
}

// Rest returns all that comes until the connection ends in whatever way, unread by any rule.
func (c *Client) Rest() string {
	c.setDeadline()
	raw, err := io.ReadAll(io.LimitReader(c.reader, answerHead))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fail("the server closes the connection", "%s", explain(err, c.t.patience))
	}
	return string(raw)
}

// tryGet is Get for who wants to say itself what an error means.
func (c *Client) tryGet(target string) (*Answer, error) {
	c.setDeadline()
	request := c.t.Request("GET", target)
	c.t.log.add(c.number, "sends", []byte(request))
	if _, err := io.WriteString(c.conn, request); err != nil {
		return nil, err
	}
	return readAnswer(c.reader, "GET")
}

func (c *Client) unexpected(expected string) {
	b, _ := c.reader.Peek(c.reader.Buffered())
	c.t.Fail(expected, "%s", shorten(string(b)))
}

// CloseWrite ends the client's half of the connection and keeps listening (a half-close).
func (c *Client) CloseWrite() {
	half, can := c.conn.(interface{ CloseWrite() error })
	if !can {
		panic(fmt.Sprintf("conform needs connections that can be half-closed, and a %T cannot", c.conn))
	}
	c.t.log.add(c.number, "ends its half of the connection", nil)
	if err := half.CloseWrite(); err != nil {
		c.t.Fail("a connection that can be half-closed", "%s", explain(err, c.t.patience))
	}
}

// Reset leaves without a word: the server's next read or write fails (RST).
func (c *Client) Reset() {
	if abrupt, can := c.conn.(interface{ SetLinger(int) error }); can {
		abrupt.SetLinger(0)
	}
	c.leave("resets the connection")
}

// Close leaves in order (FIN).
func (c *Client) Close() { c.leave("closes the connection") }

func (c *Client) leave(verb string) {
	c.t.log.add(c.number, verb, nil)
	c.conn.Close()
	for i, other := range c.t.open {
		if other == c {
			c.t.open = append(c.t.open[:i], c.t.open[i+1:]...)
			return
		}
	}
}

func (c *Client) setDeadline() {
	if c.until.IsZero() {
		c.conn.SetDeadline(c.t.Deadline())
	} else {
		c.conn.SetDeadline(c.until)
	}
}

// A listener notes in the transcript what it hears.
type listener struct{ c *Client }

func (l listener) Read(b []byte) (int, error) {
	n, err := l.c.conn.Read(b)
	if n > 0 {
		l.c.t.log.add(l.c.number, "receives", b[:n])
	}
	if errors.Is(err, io.EOF) {
		l.c.t.log.add(l.c.number, "sees the server's end", nil)
	}
	return n, err
}

// explain puts an error of a connection into words about the server.
func explain(err error, p Patience) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("nothing more came, in %v", p.Wait)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection in the middle of an answer"
	case errors.Is(err, io.EOF):
		return "the server closed the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server reset the connection"
	}
	return strings.TrimPrefix(err.Error(), "answer: ")
}
