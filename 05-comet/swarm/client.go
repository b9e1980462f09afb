package swarm

import (
	"errors"
	"fmt"
	"io"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/faults"
)

// client is one client's whole life, in a straight line: connect, ask, wait, check.
func (c *clients) client() {
	conn, err := c.scheduler.DialFrom(c.assignment.Source, c.target, c.assignment.Until)
	if err != nil {
		c.lost(broken("connect", err), false)
		return
	}
	defer conn.Close()
	c.connects()
	if err := conn.Send(c.request, c.assignment.Until); err != nil {
		c.lost(broken("send", err), false)
		return
	}
	c.sends() // it is on its way when receive waits
	answer, at, err := c.receive(conn)
	var malformed *http1.Error
	switch {
	case err == io.EOF:
		c.lost("closed without an answer", true)
	case err == strand.ErrTimeout:
		c.lost(faultSilent, true)
	case errors.As(err, &malformed):
		c.wrong("the answer is not good HTTP: " + malformed.Reason)
	case err != nil:
		c.lost(broken("receive", err), true)
	case answer.Status != 200:
		c.wrong(fmt.Sprintf("the status is %d", answer.Status))
	case string(answer.Body) != c.assignment.Body:
		c.wrong(fmt.Sprintf("the body is %.20q instead of %q", answer.Body, c.assignment.Body))
	default:
		c.answered(at)
	}
}

// receive waits for the answer, and returns the moment of [children.Clock] at which its end was read. The parser
// is made when something has come: ten thousand who wait need none. The answer is lent until this
// coroutine waits.
func (c *clients) receive(conn *coro.Conn) (answer *http1.Answer, at int64, err error) {
	b, err := conn.Recv(c.assignment.Until)
	if err != nil {
		return nil, 0, err
	}
	parser := http1.NewResponseParser(&c.answer, nil)
	defer parser.Release()
	for {
		at = children.Clock()
		parser.Feed(b)
		if answer, err = parser.Next(); answer != nil || err != nil {
			return answer, at, err
		}
		b, err = conn.Recv(c.assignment.Until)
		if err == io.EOF { // it may be the end of a body
			if answer, err = parser.EndOfStream(); answer == nil && err == nil {
				err = io.EOF
			}
			return answer, children.Clock(), err
		} else if err != nil {
			return nil, at, err
		}
	}
}

// broken describes how a connection failed, so that equal failures are counted together: the innermost
// error names neither port nor descriptor.
func broken(operation string, err error) string {
	return operation + ": " + faults.Innermost(err)
}
