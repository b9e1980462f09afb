package audience

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/faults"
)

const (
	// silenceMost is how long a client waits for an answer, or for a sign of life of a stream, until it takes
	// the server for dead: some more than the 25 s and 15 s that a comet server promises.
	silenceMost = 60 * time.Second

	// againAfter is the mean pause before a client connects again after a failure; it is jittered by half.
	againAfter = 100 * time.Millisecond

	// retryMost bounds the pause that a server may ask for.
	retryMost = 30 * time.Second
)

// A client follows one topic, for ever: it ends with its process.
type client struct {
	*clients
	topic  int
	places []place // what it has of each series of its topic
	cursor string  // E-N; "": it has none yet
	slow   bool
	behind bool // it does not have everything, and all is published

	conn   *coro.Conn
	made   int // the renewal after which conn was made
	back   int // the renewal after which this client was counted
	wasCut bool
	retry  time.Duration // what the server asked for, after which to come back
}

// comesBack connects, lets what follow on the connection, and connects again when it has ended, however.
func (c *client) comesBack(follow func() error) {
	for {
		c.retry, c.wasCut = 0, false
		err := c.connect()
		if err == nil {
			err = follow()
			c.conn.Close()
			c.conn = nil
		}
		switch {
		case c.wasCut: // at once: the user has opened the page again
			continue
		case err != nil:
			c.faults.Add(faults.Innermost(err), 1)
			c.retry = max(c.retry, time.Duration((0.5+rand.Float64())*float64(againAfter)))
		}
		c.scheduler.Sleep(min(c.retry, retryMost))
	}
}

func (c *client) connect() (err error) {
	if c.conn, err = c.scheduler.DialFrom(c.duty.Source, c.to, time.Now().Add(silenceMost)); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.connections++
	c.made = c.renewal
	return nil
}

// has notes a cursor; the first one makes the client ready.
func (c *client) has(cursor string) {
	if c.cursor == "" {
		c.begun++
		c.more.Wake()
	}
	c.cursor = cursor
	if c.made == c.renewal && c.back != c.renewal {
		c.back = c.renewal
		c.clients.back++
	}
}

// gets enters a text that has come.
func (c *client) gets(text string, at int64) {
	c.takes(c.topic, c.places, text, at)
	if c.behind && !c.account.behind(c.topic, c.places, c.final) {
		c.behind = false
		if c.clients.behind--; c.clients.behind == 0 {
			c.report(false)
		}
	}
}

// poll is a client of /events.
func (c *client) poll() { c.comesBack(c.pollOn) }

// pollOn asks again and again on one connection.
func (c *client) pollOn() error {
	parser := http1.NewResponseParser(&c.answer, nil)
	defer parser.Release()
	for {
		target := "/events?topic=" + topicName(c.topic)
		if c.cursor != "" {
			target += "&since=" + c.cursor
		}
		until := time.Now().Add(silenceMost)
		if err := c.conn.Send(http1.AppendRequest(nil, "GET", target, c.duty.Host, nil, nil), until); err != nil {
			return err
		}
		answer, err := c.receive(&parser, until)
		if err != nil {
			return err
		}
		ends := answer.Close
		if err := c.understand(answer); err != nil || ends {
			return err
		}
	}
}

// receive waits for an answer, which is lent until this coroutine waits.
func (c *client) receive(parser *http1.ResponseParser, until time.Time) (*http1.Answer, error) {
	for {
		b, err := c.conn.Recv(until)
		if err == io.EOF {
			if answer, err := parser.EndOfStream(); answer != nil || err != nil {
				return answer, err
			}
		}
		if err != nil {
			return nil, err
		}
		parser.Feed(b)
		if answer, err := parser.Next(); answer != nil || err != nil {
			return answer, err
		}
	}
}

// A batch is what /events answers.
type batch struct {
	Epoch, Next uint64
	Events      []struct{ Data string }
	Reset       bool
}

func (c *client) understand(a *http1.Answer) error {
	at := children.Clock()
	if a.Status != 200 {
		return c.refused(a)
	}
	var b batch
	if err := json.Unmarshal(a.Body, &b); err != nil {
		return fmt.Errorf("/events answers no JSON: %.40q", a.Body)
	}
	if b.Reset {
		c.resets(c.places)
	}
	for _, e := range b.Events {
		c.gets(e.Data, at)
	}
	c.has(strconv.FormatUint(b.Epoch, 10) + "-" + strconv.FormatUint(b.Next, 10))
	return nil
}

// refused does as the server asks: Retry-After is in seconds (RFC 9110 section 10.2.3).
func (c *client) refused(a *http1.Answer) error {
	if after, ok := a.Get("retry-after"); ok {
		seconds, _ := strconv.ParseUint(string(after), 10, 16)
		c.retry = time.Duration(seconds) * time.Second
	}
	return fmt.Errorf("the answer is %d", a.Status)
}
