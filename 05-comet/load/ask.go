package load

import (
	"io"
	"net/netip"
	"time"

	"example.com/c10k/03-coroutines/coro"
)

// ask sends what a client sends at once, and reads and checks the answers.
func (c *crowd) ask(conn *coro.Conn) error {
	if c.Fresh {
		return c.alone(false)
	}
	if err := conn.Send(c.batch, time.Time{}); err != nil {
		return err
	}
	for at, answered := 0, 0; answered < c.Pipeline; {
		b, err := conn.Recv(time.Time{})
		if err == io.EOF {
			return errNone
		} else if err != nil {
			return err
		}
		end, ended, good := c.good.match(b, at)
		if at, answered = end, answered+ended; !good {
			return errDiffers
		}
		if answered > c.Pipeline || answered == c.Pipeline && at > 0 {
			return errTooMuch
		}
	}
	return nil
}

// alone makes one request on a connection of its own, up to the server's end of it.
func (c *crowd) alone(first bool) error {
	conn, err := c.scheduler.DialFrom(netip.Addr{}, c.Target, time.Time{})
	if err != nil {
		return err
	}
	defer conn.Close()
	if first {
		return c.first(conn, true)
	}
	if err := conn.Send(c.single, time.Time{}); err != nil {
		return err
	}
	for at, answered := 0, 0; ; {
		b, err := conn.Recv(time.Time{})
		switch {
		case err == io.EOF && at == 0 && answered == 1:
			return nil
		case err == io.EOF:
			return errNone
		case err != nil:
			return err
		}
		end, ended, good := c.good.match(b, at)
		if at, answered = end, answered+ended; !good {
			return errDiffers
		}
		if answered > 1 || answered == 1 && at > 0 {
			return errTooMuch
		}
	}
}

// enter makes a connection that stays, and its first request.
func (c *crowd) enter() (*coro.Conn, error) {
	if err := c.doors.Send(true); err != nil {
		return nil, err
	}
	defer c.doors.Recv()
	conn, err := c.scheduler.DialFrom(netip.Addr{}, c.Target, time.Time{})
	if err == nil {
		err = c.first(conn, false)
	}
	return conn, err
}

// first makes one request and looks closely at its answer. toEnd says that the server closes after it.
func (c *crowd) first(conn *coro.Conn, toEnd bool) error {
	if err := conn.Send(c.single, time.Time{}); err != nil {
		return err
	}
	var answer []byte
	for {
		b, err := conn.Recv(time.Time{})
		ended := err == io.EOF
		if err != nil && !ended {
			return err
		}
		answer = append(answer, b...)
		if toEnd && !ended && len(answer) < mostAnswer {
			continue
		}
		learned, err := learn(answer, c.Body, ended)
		switch {
		case err != nil:
			return err
		case learned == nil:
			continue // the parser's own limits end this
		case c.good == nil:
			c.good = learned
		}
		if _, ended, good := c.good.match(answer, 0); !good || ended != 1 {
			return errDiffers
		}
		return nil
	}
}

// mostAnswer bounds an answer that ends with its connection.
const mostAnswer = 1 << 20
