package sim_test

import (
	"fmt"
	"io"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

// patience is longer than every time-out and every fault: what takes longer is lost.
const patience = 5 * time.Minute

// dial connects, as often as it takes until somebody listens.
func dial(s *coro.Scheduler, to string) *coro.Conn {
	for until := s.Now().Add(patience); ; {
		c, err := s.Dial(to, until)
		if err == nil {
			return c
		}
		if s.Sleep(10*time.Millisecond) != nil || s.Now().After(until) {
			panic(fmt.Sprintf("no connection to %s within %v: %v", to, patience, err))
		}
	}
}

// A client asks over one connection.
type client struct {
	scheduler *coro.Scheduler
	conn      *coro.Conn
	parser    http1.ResponseParser
	into      http1.Answer
}

func newClient(s *coro.Scheduler, c *coro.Conn) *client {
	cl := &client{scheduler: s, conn: c}
	cl.parser = http1.NewResponseParser(&cl.into, nil)
	return cl
}

// ask sends a request and waits for its answer.
func (c *client) ask(method, target string) (status int, body string, err error) {
	if err := c.request(method, target, ""); err != nil {
		return 0, "", err
	}
	return c.answer()
}

func (c *client) request(method, target, body string) error {
	return c.conn.Send(http1.AppendRequest(nil, method, target, "sim", nil, []byte(body)), c.scheduler.Now().Add(patience))
}

// answer waits for the next answer. errLost is what must not happen in any world.
func (c *client) answer() (status int, body string, err error) {
	until := c.scheduler.Now().Add(patience)
	for {
		a, err := c.parser.Next()
		if a != nil {
			return a.Status, string(a.Body), nil
		}
		if err != nil {
			return 0, "", fmt.Errorf("%w: %w", errWrong, err)
		}
		b, err := c.conn.Recv(until)
		if err == io.EOF {
			if a, _ := c.parser.EndOfStream(); a != nil {
				return a.Status, string(a.Body), nil
			}
		}
		if err != nil {
			return 0, "", err
		}
		c.parser.Feed(b)
	}
}

var errWrong = fmt.Errorf("this is no answer")

// destructive says whether a world may end connections, or be so slow that its server does.
func destructive(f sim.Faults) bool { return f.Reset+f.Aborted+f.Stall+f.Late > 0 }

// differ says which of some texts is not as the first.
func differ(want string, got ...string) error {
	for i, g := range got {
		if g != want {
			return fmt.Errorf("number %d: %d bytes, want %d, or others", i, len(g), len(want))
		}
	}
	return nil
}
