package swarm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/c10k/05-comet/children"
)

// A control is the one who counts and notifies: a connection to / that is kept, and one for /notify. It
// speaks through net/http's own writer and reader, so that a server is not judged by our parser alone.
// What http.Client does beside that is not wanted: it would send a failed request again, and a second
// /notify is another event.
type control struct {
	target target
	stream net.Conn // nil: not connected
	reader *bufio.Reader
}

// maxCount bounds a body that should be a decimal number.
const maxCount = 64

// count asks / how many clients wait.
func (c *control) count(ctx context.Context) (int, error) {
	fresh := c.stream == nil
	body, _, err := c.get(ctx, "/")
	if err != nil && !fresh && ctx.Err() == nil { // a server may end an idle connection at any moment: once more
		body, _, err = c.get(ctx, "/")
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(body)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s should answer the number of waiters, and answered %q: is a comet server there?", c.target.url(), body)
	}
	return n, nil
}

// notify wakes everybody, on a connection of its own. sent is the moment of [children.Clock] before the request
// went out; the body is the server's answer.
func (c *control) notify(ctx context.Context) (sent int64, body string, err error) {
	c.close()
	if err := c.connect(ctx); err != nil {
		return 0, "", err
	}
	body, sent, err = c.get(ctx, "/notify")
	return sent, body, err
}

// get makes one request and reads its answer, whole.
func (c *control) get(ctx context.Context, path string) (body string, sent int64, err error) {
	if c.stream == nil {
		if err := c.connect(ctx); err != nil {
			return "", 0, err
		}
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	stream := c.stream
	stop := context.AfterFunc(ctx, func() { stream.SetDeadline(time.Unix(1, 0)) }) // long ago: ends a wait
	defer stop()
	sent = children.Clock()
	if _, err = fmt.Fprintf(stream, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.target.host); err != nil {
		return "", sent, c.explain(ctx, path, err)
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return "", sent, c.explain(ctx, path, err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxCount+1))
	answer.Body.Close()
	switch {
	case err != nil:
		return "", sent, c.explain(ctx, path, err)
	case answer.StatusCode != http.StatusOK:
		return "", sent, fmt.Errorf("GET %s was answered with %s: is a comet server at %s?", path, answer.Status, c.target.url())
	case len(text) > maxCount:
		return "", sent, fmt.Errorf("GET %s was answered with %q… and not with a number: is a comet server at %s?", path, text[:maxCount], c.target.url())
	}
	if answer.Close {
		c.close()
	}
	return string(text), sent, nil
}

func (c *control) connect(ctx context.Context) error {
	var dialer net.Dialer
	stream, err := dialer.DialContext(ctx, "tcp", c.target.addr.String())
	if err != nil {
		return c.explain(ctx, "/", err)
	}
	c.stream, c.reader = stream, bufio.NewReader(stream)
	return nil
}

func (c *control) close() {
	if c.stream != nil {
		c.stream.Close()
		c.stream = nil
	}
}

// explain says what an error means for the one who started the swarm.
func (c *control) explain(ctx context.Context, path string, err error) error {
	var operation *net.OpError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer to GET %s in time: %w", path, ctx.Err())
	case errors.As(err, &operation) && operation.Op == "dial":
		return fmt.Errorf("nothing answers at %s (%w): start a server there, for instance bin/comet -addr %s",
			c.target.url(), operation.Err, c.target.addr)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server at %s ended the connection without an answer to GET %s: look at what it says itself", c.target.url(), path)
	case strings.HasPrefix(err.Error(), "malformed"):
		return fmt.Errorf("what answers at %s does not speak HTTP (%w): is the port right?", c.target.url(), err)
	}
	return fmt.Errorf("GET %s from %s: %w", path, c.target.url(), err)
}
