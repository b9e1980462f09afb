package conform

import "strings"

// A chunked body tells its length piece by piece (RFC 9112 section 7.1).
var chunkedCases = []Case{
	{
		Name: "chunks", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 7.1: size in hexadecimal, CR LF, that many bytes, CR LF; a chunk of size 0 is the last",
		Hint: "the line ends around a chunk are not part of the body",
		Run: func(t *T) {
			chunked(t, t.Dial(), "5\r\nhello\r\n0\r\n\r\n", "5")
		},
	},
	{
		Name: "many-chunks", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 7.1: digits above 9 in either case, leading zeroes allowed, bodies may hold CR LF",
		Hint: "read the size as a hexadecimal number and then count bytes",
		Run: func(t *T) {
			ten := "a\r\n0123\r\n6789\r\n" + "A\r\n0123456789\r\n" + "00B\r\n01234567890\r\n"
			chunked(t, t.Dial(), ten+"1f\r\n"+strings.Repeat("x", 31)+"\r\n0\r\n\r\n", "62")
		},
	},
	{
		Name: "empty-chunked-body", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 7.1: the last chunk may be the only one",
		Hint: "after the head read a size, even if there will be no body",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/none", "Transfer-Encoding: chunked") + "0\r\n\r\n" + t.Request("GET", "/next"))
			t.Status(c.Answer("POST"), 200)
			t.Body(c.Answer("GET"), "You requested /next via method GET")
		},
	},
	{
		Name: "chunk-extensions", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 7.1.1: a recipient must ignore chunk extensions that it does not know",
		Hint: "skip from the semicolon to the line's end",
		Run: func(t *T) {
			chunked(t, t.Dial(), "5;name=value\r\nhello\r\n0;last\r\n\r\n", "5")
		},
	},
	{
		Name: "trailers", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 7.1.2: fields may follow the last chunk; an empty line ends them",
		Hint: "read lines up to the empty one, and drop them",
		Run: func(t *T) {
			chunked(t, t.Dial(), "5\r\nhello\r\n0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n", "5")
		},
	},
	{
		Name: "chunks-split-anywhere", Group: "chunked", App: "echo", Connections: 1,
		Why:  "TCP is a stream of bytes: two reads may meet inside a size or between CR and LF",
		Hint: "remember where in the chunk the last read ended",
		Run: func(t *T) {
			c := t.Dial()
			head := t.Request("POST", "/split", "Transfer-Encoding: chunked")
			body := "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n"
			for at := range len(body) {
				c.SendInPieces(head+body[:at], body[at:])
				t.Body(c.Answer("POST"), "You requested /split via method POST with 19 bytes")
			}
		},
	},
	{
		Name: "chunks-after-continue", Group: "chunked", App: "echo", Connections: 1,
		Why:  "RFC 9110 section 10.1.1: 100-continue goes with bodies of unknown length too (curl -T - does it)",
		Hint: "send 100 Continue when the head is complete, however the body is framed",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/asked", "Expect: 100-continue", "Transfer-Encoding: chunked"))
			if interim := c.Interim(); interim.Status != 100 {
				t.Fail("100 Continue", "%s", interim)
			}
			c.Send("5\r\nhello\r\n0\r\n\r\n")
			t.Body(c.Answer("POST"), "You requested /asked via method POST with 5 bytes")
		},
	},
}

// chunked sends a body twice, with a request behind it in the same write: it must end where it ends.
func chunked(t *T, c *Client, body, bytes string) {
	for range 2 {
		c.Send(t.Request("POST", "/chunks", "Transfer-Encoding: chunked") + body + t.Request("GET", "/next"))
		t.Body(c.Answer("POST"), "You requested /chunks via method POST with "+bytes+" bytes")
		t.Body(c.Answer("GET"), "You requested /next via method GET")
	}
}
