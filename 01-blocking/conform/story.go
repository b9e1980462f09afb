package conform

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// A T is what a running case holds: a way to connect, a measure of patience, and a record of all that
// was said. Its methods end the case when something is not as it must be; the code after them may rely
// on it. One strand uses a T.
type T struct {
	Host string // what to send in the Host field

	dial        func() (net.Conn, error)
	patience    Patience
	connections int       // as many may be open
	open        []*Client // not closed yet
	dialled     int
	log         transcript
}

// Dial connects one more client. The case's end closes it, if nothing else did.
func (t *T) Dial() *Client {
	if len(t.open) == t.connections {
		panic(fmt.Sprintf("the case says that it needs %d connections and opens one more: correct the case", t.connections))
	}
	conn, err := t.dial()
	if err != nil {
		t.Fail("a connection", "%s", explain(err, t.patience))
	}
	t.dialled++
	c := newClient(t, conn, t.dialled)
	t.open = append(t.open, c)
	return c
}

// Deadline is the time at which what begins now must be over.
func (t *T) Deadline() time.Time { return t.patience.Now().Add(t.patience.Wait) }

// Fail ends the case: it says what had to come and what came.
func (t *T) Fail(expected, got string, args ...any) {
	panic(&Failure{Expected: expected, Got: fmt.Sprintf(got, args...)})
}

// Request writes a request without a body; fields are whole lines without their ends, "Name: value".
func (t *T) Request(method, target string, fields ...string) string {
	return t.lines(method+" "+target+" HTTP/1.1", append([]string{"Host: " + t.Host}, fields...)...)
}

// RequestWithBody writes a request whose body has its length told in advance.
func (t *T) RequestWithBody(method, target, body string, fields ...string) string {
	fields = append(fields, fmt.Sprintf("Content-Length: %d", len(body)))
	return t.Request(method, target, fields...) + body
}

func (t *T) lines(first string, fields ...string) string {
	return strings.Join(append([]string{first}, fields...), "\r\n") + "\r\n\r\n"
}

// Reference asks for "/" on a connection of its own and returns the answer, to compare others with. So a
// case about something else does not fail for want of keep-alive.
func (t *T) Reference() *Answer {
	c := t.Dial()
	defer c.Close()
	answer := c.Get("/")
	t.Status(answer, 200)
	return answer
}

// Same fails unless two answers are the same to a client that looks at status and body.
func (t *T) Same(got, reference *Answer, when string) {
	if got.Status != reference.Status || got.Body != reference.Body {
		t.Fail(fmt.Sprintf("%s: the same answer as to a plain GET, %s", when, reference), "%s", got)
	}
}

// Status fails unless the answer has one of these codes.
func (t *T) Status(got *Answer, allowed ...int) {
	for _, status := range allowed {
		if got.Status == status {
			return
		}
	}
	t.Fail("status "+either(allowed), "%s", got)
}

// Body fails unless the answer is 200 with exactly this body.
func (t *T) Body(got *Answer, body string) {
	if got.Status != 200 || got.Body != body {
		t.Fail(fmt.Sprintf("status 200 and the body %q", body), "%s", got)
	}
}

// A Failure is how a case ended badly. Its strings may hold any bytes that a server sent, quoted.
type Failure struct {
	Expected   string   // what had to come
	Got        string   // what came
	Transcript []string // the last that was said on each side, oldest first, shortened
}

// play runs the case to its end and returns nil, or how it failed. A panic that is no failure goes on.
func (c *Case) play(t *T) (failure *Failure) {
	t.connections = c.Connections
	defer func() {
		for _, client := range t.open {
			client.conn.Close()
		}
		if r := recover(); r != nil {
			f, ours := r.(*Failure)
			if !ours {
				panic(r)
			}
			f.Transcript = t.log.last()
			failure = f
		}
	}()
	c.Run(t)
	return nil
}

func either(statuses []int) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = fmt.Sprint(s)
	}
	return strings.Join(words, " or ")
}
