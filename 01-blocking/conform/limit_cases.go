package conform

import (
	"fmt"
	"strings"
)

// The limits that the servers of this workspace share.
const (
	headLimit  = 16 << 10 // bytes: the request line, the fields and the empty line
	fieldLimit = 100
	bodyLimit  = 1 << 20 // bytes
)

var limitCases = []Case{
	{
		Name: "largest-head", Group: "limits", Connections: 1,
		Why:  "a head of 16 KiB, its empty line included, is the largest that is taken",
		Hint: "the limit is on the whole head, not on one line",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			for range 2 {
				c.Send(headOf(t, headLimit))
				t.Same(c.Answer("GET"), reference, "with the largest head")
			}
		},
	},
	{
		Name: "head-too-large", Group: "limits", Connections: 1,
		Why:  "RFC 6585 section 5: 431 Request Header Fields Too Large; a head without end must not fill the memory",
		Hint: "count while the head arrives; do not wait for its end",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(headOf(t, 2*headLimit)[:headLimit+1])
			refused(t, c, 431)
		},
	},
	{
		Name: "request-line-too-large", Group: "limits", Connections: 1,
		Why:  "the request line is part of the head: 431 (414 is as good, RFC 9110 section 15.5.15)",
		Hint: "count while the line arrives; do not wait for its end",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(("GET /" + strings.Repeat("a", headLimit))[:headLimit+1])
			refused(t, c, 431, 414)
		},
	},
	{
		Name: "most-fields", Group: "limits", Connections: 1,
		Why:  "100 fields are the most that are taken",
		Hint: "count lines, not names",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			c.Send(t.Request("GET", "/", manyFields(fieldLimit-1)...)) // and Host
			t.Same(c.Answer("GET"), reference, "with 100 fields")
		},
	},
	{
		Name: "too-many-fields", Group: "limits", Connections: 1,
		Why:  "RFC 6585 section 5: 431; each field costs memory and, for who looks them up, time",
		Hint: "count lines, not names",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("GET", "/", manyFields(fieldLimit)...))
			refused(t, c, 431)
		},
	},
	{
		Name: "largest-body", Group: "limits", App: "echo", Connections: 1,
		Why:  "a body of 1 MiB is the largest that is taken",
		Hint: "the limit itself is allowed",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.RequestWithBody("POST", "/most", strings.Repeat("b", bodyLimit)))
			t.Body(c.Answer("POST"), fmt.Sprintf("You requested /most via method POST with %d bytes", bodyLimit))
		},
	},
	{
		Name: "body-too-large", Group: "limits", Connections: 1,
		Why:  "RFC 9110 section 15.5.14: 413, as soon as the head tells the length",
		Hint: "look at Content-Length before reading the body",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/", fmt.Sprint("Content-Length: ", bodyLimit+1)))
			refused(t, c, 413)
		},
	},
	{
		Name: "no-continue-for-too-much", Group: "limits", Connections: 1,
		Why:  "RFC 9110 section 10.1.1: this is what Expect: 100-continue is for: the refusal comes before the body",
		Hint: "look at the length before sending 100 Continue",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/", "Expect: 100-continue", fmt.Sprint("Content-Length: ", bodyLimit+1)))
			if first := c.next("POST"); first.Status != 413 {
				t.Fail("413 and nothing before it", "%s", first)
			}
			c.Gone()
		},
	},
	{
		Name: "chunks-too-large", Group: "limits", Connections: 1,
		Why:  "a chunked body has the same limit, and its sum is known piece by piece",
		Hint: "add a chunk's size to what is there before reading it (501 is right for a server without chunks)",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n", bodyLimit+1))
			refused(t, c, 413, 501)
		},
	},
}

// headOf makes a request whose head has exactly that many bytes, in fields of up to 1 KiB.
func headOf(t *T, size int) string {
	var fields []string
	for {
		missing := size - len(t.Request("GET", "/", fields...))
		if missing <= 1024 {
			fields = append(fields, "X: "+strings.Repeat("a", missing-len("X: \r\n")))
			return t.Request("GET", "/", fields...)
		}
		fields = append(fields, "X: "+strings.Repeat("a", 500))
	}
}

func manyFields(n int) []string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf("X-%d: y", i)
	}
	return fields
}

// refused expects an answer with one of these codes, and then the end of the connection.
func refused(t *T, c *Client, statuses ...int) {
	answer := c.Answer("GET")
	t.Status(answer, statuses...)
	c.Gone()
}
