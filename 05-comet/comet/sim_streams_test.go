package comet_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// stream reads Server-Sent Events until there is nothing more to come.
func (c *client) stream() {
	for !(c.known && c.over(c.topics, c.number)) && !c.late() {
		if c.conn = dial(c.scheduler, address); c.conn == nil {
			return
		}
		c.seen.Resumed++
		c.readStream()
		c.close()
		if c.scheduler.Sleep(c.upTo(2*time.Second)) != nil {
			return
		}
	}
}

// readStream reads one stream, by HTTP/1.0, in which it is not cut into chunks.
func (c *client) readStream() {
	head := fmt.Sprintf("GET /stream?topic=%s HTTP/1.0\r\n", strings.Join(c.topics, "&topic="))
	if c.known {
		head += fmt.Sprintf("Last-Event-ID: %d-%d\r\n", epoch, c.number)
	}
	if c.conn.Send([]byte(head+"\r\n"), time.Time{}) != nil {
		return
	}
	text, leave := "", c.random.IntN(30)
	for inBody := false; ; {
		if inBody && c.known && c.over(c.topics, c.number) || c.late() {
			return
		}
		if c.random.IntN(20) == 0 && c.scheduler.Sleep(c.upTo(20*time.Second)) != nil { // a slow reader
			return
		}
		b, err := c.conn.Recv(c.scheduler.Now().Add(time.Minute))
		if err != nil {
			return
		}
		text += string(b)
		if !inBody {
			head, rest, whole := strings.Cut(text, "\r\n\r\n")
			if !whole {
				continue
			}
			if inBody, text = true, rest; !strings.HasPrefix(head, "HTTP/1.1 200 ") {
				c.seen.Unavailable++
				return
			}
		}
		for {
			event, rest, whole := strings.Cut(text, "\n\n")
			if !whole {
				break
			}
			text = rest
			c.event(event)
			if leave--; leave == 0 {
				return
			}
		}
	}
}

// event takes one event of a stream.
func (c *client) event(text string) {
	var id, kind, data string
	lines := 0
	for line := range strings.SplitSeq(text, "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			if lines++; lines > 1 {
				data += "\n"
			}
			data += value
		}
	}
	if id == "" {
		return // a comment, or the time after which to come back
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(id, fmt.Sprint(epoch, "-")), 10, 64)
	switch {
	case err != nil:
		c.fail("an event's id is %q", id)
	case lines == 0:
		if c.known {
			c.fail("a stream with a cursor began with another, %q", text)
		}
		c.known, c.number = true, n
	case kind == "comet:reset":
		c.reset()
		c.number = n
	default:
		c.seen.Streamed++
		want := c.published(c.topics, c.number, n)
		if len(want) != 1 || want[0].Text != data || len(c.topics) > 1 && want[0].Topic != kind || len(c.topics) == 1 && kind != "" {
			c.fail("at %d of %v: got %q, want %s", c.number, c.topics, text, list(want))
		}
		c.number = n
	}
}
