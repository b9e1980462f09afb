package audience

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/children"
	"example.com/c10k/05-comet/sse"
)

// stream is a client of /stream.
func (c *client) stream() { c.comesBack(c.streamOn) }

// errCutOff ends a stream that had not come to its end.
var errCutOff = errors.New("the stream was cut off")

// streamOn follows one stream to its end, as a browser does: in HTTP/1.1, where a stream comes in chunks, and the last
// one tells an end in order from a connection that broke.
func (c *client) streamOn() error {
	var header []http1.Pair
	if c.cursor != "" {
		header = append(header, http1.Pair{Name: "Last-Event-ID", Value: c.cursor})
	}
	header = append(header, http1.Pair{Name: "Accept", Value: "text/event-stream"})
	request := http1.AppendRequest(nil, "GET", "/stream?topic="+topicName(c.topic), c.duty.Host, header, nil)
	if err := c.conn.Send(request, time.Now().Add(silenceMost)); err != nil {
		return err
	}
	rest, chunked, err := c.head()
	var cut chunks
	var parser sse.Parser
	for asked := c.retry; err == nil; {
		at := children.Clock()
		for len(rest) > 0 {
			data := rest
			if rest = nil; chunked {
				if data, rest, err = cut.next(data); err != nil {
					return err
				}
			}
			parser.Feed(data)
			if err := c.dispatchAll(&parser, &asked, at); err != nil {
				return err
			}
		}
		if cut.ended {
			c.retry = asked
			return nil
		}
		if c.slow && c.final == nil {
			c.scheduler.Sleep(time.Duration(rand.Int64N(int64(SlowPause))))
		}
		rest, err = c.conn.Recv(time.Now().Add(silenceMost))
		if err == io.EOF {
			if c.retry = asked; chunked {
				return errCutOff
			}
			return nil // in order, as far as a stream without chunks knows an order
		}
	}
	return err
}

// dispatchAll takes the events that have come. A time that the server asks for replaces the one before.
func (c *client) dispatchAll(parser *sse.Parser, retry *time.Duration, at int64) error {
	for {
		e, ok, err := parser.Next()
		if !ok || err != nil {
			return err
		}
		if e.Retry > 0 {
			*retry = e.Retry
		}
		c.dispatch(e, at)
	}
}

// head reads the answer's head, and returns what came behind it.
func (c *client) head() (rest []byte, chunked bool, err error) {
	var head []byte
	for until := time.Now().Add(silenceMost); ; {
		b, err := c.conn.Recv(until)
		if err != nil {
			return nil, false, err
		}
		head = append(head, b...)
		end := bytes.Index(head, []byte("\r\n\r\n"))
		if end < 0 {
			if len(head) > http1.DefaultClientLimits.Head {
				return nil, false, errors.New("the head of a stream is too long")
			}
			continue
		}
		end += len("\r\n\r\n")
		parser := http1.NewResponseParser(&c.answer, nil)
		parser.Head = true // the body is not the parser's
		parser.Feed(head[:end])
		answer, err := parser.Next()
		switch {
		case err != nil:
			return nil, false, err
		case answer == nil:
			return nil, false, errors.New("the head of a stream is none")
		case answer.Status != 200:
			return nil, false, c.refused(answer)
		}
		coding, _ := answer.Get("transfer-encoding")
		return head[end:], bytes.EqualFold(coding, []byte("chunked")), nil
	}
}

// resetType is the type of the event with which a stream says that there is a gap.
const resetType = "comet:reset"

func (c *client) dispatch(e sse.Event, at int64) {
	switch {
	case e.Type == resetType:
		c.resets(c.places)
	case e.Has:
		c.gets(e.Data, at)
	}
	if e.ID != "" {
		c.has(e.ID)
	}
}
