package engine

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// A client is a connection.
type client struct {
	*testing.T
	net.Conn
	answers *bufio.Reader
}

func (s *running) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &client{t, conn, bufio.NewReader(conn)}
}

// get is a request for a path.
func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: c10k\r\n\r\n" }

func (c *client) send(text string) {
	c.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.Fatal(err)
	}
}

// answer reads one answer: its head, and its body.
func (c *client) answer() (*http.Response, string) {
	c.Helper()
	a, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		c.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		c.Fatalf("half an answer: %v", err)
	}
	return a, string(body)
}

// expect reads one answer and compares its body.
func (c *client) expect(want string) {
	c.Helper()
	if a, body := c.answer(); a.StatusCode != 200 || body != want {
		c.Errorf("status %d, body %q; want 200, %q", a.StatusCode, body, want)
	}
}

// ask sends a request and returns the answer's body.
func (c *client) ask(path string) string {
	c.Helper()
	c.send(get(path))
	_, body := c.answer()
	return body
}

// expectEnd wants nothing more to come on the connection.
func (c *client) expectEnd() {
	c.Helper()
	b, err := c.answers.ReadByte()
	var late net.Error
	if err == nil || errors.As(err, &late) && late.Timeout() {
		c.Errorf("the connection goes on: %q, %v", b, err)
	}
}
