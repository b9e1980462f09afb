package comet_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
	"example.com/c10k/05-comet/sequencer"
)

// startClients starts clients of all kinds. The last one to end has the server stopped.
func (s *site) startClients(sc *coro.Scheduler) {
	start := func(name string, number int, run func(*client)) {
		for range number {
			s.clients++
			sc.Go(name, func() {
				run(&client{site: s, scheduler: sc, topics: s.someTopics()})
				if s.clients--; s.clients == 0 {
					s.master.scheduler.Post(s.master.stop)
				}
			})
		}
	}
	s.writers = 1 + s.random.IntN(2)
	start("publisher", s.writers, (*client).publish)
	start("poller", 1+s.random.IntN(3), (*client).poll)
	start("stream", 1+s.random.IntN(3), (*client).stream)
	start("waiter", s.random.IntN(3), (*client).wait)
}

func (s *site) someTopics() []string {
	first := s.random.IntN(len(topics))
	return topics[first : first+1+s.random.IntN(len(topics)-first)]
}

// A client asks over one connection after the other, and keeps its book: what it has.
type client struct {
	*site
	scheduler *coro.Scheduler
	topics    []string
	conn      *coro.Conn
	parser    http1.ResponseParser
	into      http1.Answer

	known  bool   // it has a cursor
	number uint64 // its number
}

const epoch = 4711

// target is what a client asks for.
func (c *client) target(path string) string {
	target := path + "?topic=" + strings.Join(c.topics, "&topic=")
	if c.known {
		target += fmt.Sprintf("&since=%d-%d", epoch, c.number)
	}
	return target
}

// ask sends a request and waits for the answer, over the connection that is open or a new one. After an error
// the connection is closed.
func (c *client) ask(method, target, body string) (status int, answer string, err error) {
	if c.conn == nil {
		if c.conn = dial(c.scheduler, address); c.conn == nil {
			return 0, "", io.ErrClosedPipe
		}
		c.parser = http1.NewResponseParser(&c.into, nil)
	}
	status, answer, err = c.exchange(http1.AppendRequest(nil, method, target, "sim", nil, []byte(body)))
	if err != nil || c.into.Close {
		c.close()
	}
	return status, answer, err
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *client) exchange(request []byte) (status int, answer string, err error) {
	until := c.scheduler.Now().Add(patience)
	if err := c.conn.Send(request, until); err != nil {
		return 0, "", err
	}
	for {
		a, err := c.parser.Next()
		if err != nil {
			c.fail("this is no answer: %w", err)
		}
		if a != nil || err != nil {
			return c.into.Status, string(c.into.Body), err
		}
		b, err := c.conn.Recv(until)
		if err != nil {
			return 0, "", err
		}
		c.parser.Feed(b)
	}
}

// publish publishes some messages.
func (c *client) publish() {
	defer c.close()
	for n := range 3 + c.random.IntN(30) {
		text := fmt.Sprintf("%d of %p\nand a line", n, c)[:3+c.random.IntN(10)]
		topic := topics[c.random.IntN(len(topics))]
		status, body, err := c.ask("POST", "/topics/"+topic, text)
		var done struct{ Epoch, ID uint64 }
		switch {
		case err != nil: // it may have been published, or not
		case status == 503 || status == 408:
			c.seen.Unavailable++
		case status != 200 || json.Unmarshal([]byte(body), &done) != nil || done.Epoch != epoch:
			c.fail("publish was answered %d %q", status, body)
		case done.ID < 1 || done.ID > uint64(len(c.ledger)) || c.ledger[done.ID-1].Topic != topic || c.ledger[done.ID-1].Text != text:
			c.fail("%q to %s is said to be number %d, and is not", text, topic, done.ID)
		default:
			c.seen.Published++
		}
		if c.scheduler.Sleep(c.upTo(2*time.Second)) != nil {
			return
		}
	}
	if c.writers--; c.writers == 0 {
		c.quiet = c.scheduler.Now()
	}
}

// late fails a client that has not been told what there is for too long.
func (c *client) late() bool {
	since := c.quiet
	if end := sim.Began.Add(troubles); end.After(since) {
		since = end
	}
	if c.writers > 0 || c.scheduler.Now().Sub(since) < 3*time.Minute {
		return false
	}
	c.fail("three minutes after the last message a client of %v is still at %d, of %d", c.topics, c.number, len(c.ledger))
	return true
}

// poll asks /events until there is nothing more to come.
func (c *client) poll() {
	defer c.close()
	for !(c.known && c.over(c.topics, c.number)) && !c.late() {
		status, body, err := c.ask("GET", c.target("/events"), "")
		switch {
		case err != nil:
			c.seen.Resumed++
		case status == 503 || status == 408:
			c.seen.Unavailable++
			if c.scheduler.Sleep(time.Second) != nil {
				return
			}
		case status != 200:
			c.fail("/events was answered %d %q", status, body)
			return
		case c.random.IntN(10) == 0: // the answer is lost on the way, and asked for again
		default:
			c.book(body)
		}
		if c.random.IntN(5) == 0 {
			c.close()
		}
		if c.random.IntN(3) == 0 && c.scheduler.Sleep(c.upTo(3*time.Second)) != nil {
			return
		}
	}
}

// book compares an answer with what was published, and moves the cursor.
func (c *client) book(body string) {
	var a struct {
		Epoch, Next uint64
		Events      []struct {
			ID          uint64
			Topic, Data string
		}
		More, Reset bool
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil || a.Epoch != epoch || a.Next > uint64(len(c.ledger)) {
		c.fail("%d messages, and this answer: %q, %v", len(c.ledger), body, err)
		return
	}
	if !c.known {
		if len(a.Events) > 0 || a.Reset || a.More {
			c.fail("without a cursor the answer was %q", body)
		}
		c.known, c.number = true, a.Next
		return
	}
	if a.Next < c.number {
		c.fail("from %d the cursor went back to %d", c.number, a.Next)
	}
	from := c.number
	if a.Reset {
		c.reset()
		if from = a.Next; len(a.Events) > 0 { // what is kept, without a gap
			from = a.Events[0].ID - 1
		}
	}
	want := c.published(c.topics, from, a.Next)
	for i, e := range a.Events {
		if i >= len(want) || want[i].Number != e.ID || want[i].Topic != e.Topic || want[i].Text != e.Data {
			c.fail("from %d to %d of %v: got %+v, want %s", from, a.Next, c.topics, a.Events, list(want))
			break
		}
	}
	if len(want) > len(a.Events) {
		c.fail("from %d to %d of %v: got %d messages, want %s", from, a.Next, c.topics, len(a.Events), list(want))
	}
	if len(a.Events) == 0 && !a.Reset {
		c.seen.Expired++
	}
	c.seen.Events += len(a.Events)
	c.number = a.Next
}

// reset is what a client does when it is told of a gap: see whether there is one.
func (c *client) reset() {
	c.seen.Resets++
	if !c.dropped(c.topics, c.number) {
		c.fail("a reset at %d of %v, and nothing was dropped", c.number, c.topics)
	}
}

func list(messages []*sequencer.Message) string {
	text := ""
	for _, m := range messages {
		text += fmt.Sprintf("%d:%s ", m.Number, m.Topic)
	}
	return text
}

// wait is a client of 2009: it waits, or has those woken who do.
func (c *client) wait() {
	defer c.close()
	for range 1 + c.random.IntN(6) {
		target := []string{"/wait", "/notify", "/"}[c.random.IntN(3)]
		if target == "/wait" && c.writers == 0 {
			break // perhaps nobody is left to notify
		}
		status, body, err := c.ask("GET", target, "")
		n, notNumber := strconv.Atoi(body)
		switch {
		case err != nil:
		case status == 503 || status == 408:
			c.seen.Unavailable++
		case status != 200 || notNumber != nil || target == "/wait" && n < 1:
			c.fail("%s was answered %d %q", target, status, body)
		case target == "/wait":
			c.seen.Told++
		}
		if c.scheduler.Sleep(c.upTo(time.Second)) != nil {
			return
		}
	}
}
