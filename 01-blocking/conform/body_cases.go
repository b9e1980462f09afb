package conform

import (
	"fmt"
	"strings"
)

// How a request arrives is the network's choice, not the client's: these cases cut it in every way.
var arrivalCases = []Case{
	{
		Name: "byte-by-byte", Group: "http", Connections: 1,
		Why:  "TCP is a stream of bytes: a request may arrive in any pieces",
		Hint: "an incomplete request is not an error: keep the bytes and read more",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			c.SendInPieces(strings.Split(t.Request("GET", "/"), "")...)
			t.Same(c.Answer("GET"), reference, "byte by byte")
		},
	},
	{
		Name: "split-anywhere", Group: "http", Connections: 1,
		Why:  "TCP is a stream of bytes: two reads may meet inside a name, a number or a line's end",
		Hint: "look for what is lost or doubled where two reads meet, above all between CR and LF",
		Run: func(t *T) {
			reference := t.Reference()
			request := t.Request("GET", "/")
			for at := 1; at < len(request); at++ {
				c := t.Dial()
				c.SendInPieces(request[:at], request[at:])
				t.Same(c.Answer("GET"), reference, fmt.Sprintf("split after byte %d", at))
				c.Close()
			}
		},
	},
	{
		Name: "one-and-a-half", Group: "http", Connections: 1,
		Why:  "a read may bring a whole request and the beginning of the next",
		Hint: "after an answer keep what is left in the buffer: it belongs to the next request",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			request := t.Request("GET", "/")
			half := len(request) / 2
			for range 3 {
				c.Send(request + request[:half])
				t.Same(c.Answer("GET"), reference, "for the whole one")
				c.Silent()
				c.Send(request[half:])
				t.Same(c.Answer("GET"), reference, "for the one in two halves")
			}
		},
	},
}

var bodyCases = []Case{
	{
		Name: "body-is-no-request", Group: "http", App: "hello", Connections: 1,
		Why:  "RFC 9112 section 6: a body belongs to its request, even if the application does not look at it",
		Hint: "skip Content-Length bytes before looking for the next request",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.RequestWithBody("POST", "/", t.Request("GET", "/smuggled")) + t.Request("HEAD", "/"))
			t.Body(c.Answer("POST"), "Hello, World!")
			t.Status(c.Answer("HEAD"), 200)
			c.Silent()
		},
	},
	{
		Name: "line-end-after-body", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 2.2: an empty line before a request line should be ignored; old browsers sent one after a POST",
		Hint: "skip CR LF where a request line is expected",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.RequestWithBody("POST", "/first", "body") + "\r\n" + t.Request("GET", "/second"))
			t.Body(c.Answer("POST"), "You requested /first via method POST with 4 bytes")
			t.Body(c.Answer("GET"), "You requested /second via method GET")
		},
	},
	{
		Name: "body", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 6.3: Content-Length tells how many bytes belong to the request",
		Hint: "count bytes, not lines; what follows them is the next request",
		Run: func(t *T) {
			c := t.Dial()
			for _, body := range []string{"x", "a\r\n\r\nb", strings.Repeat("0123456789", 1000)} {
				c.Send(t.RequestWithBody("PUT", "/body", body))
				t.Body(c.Answer("PUT"), fmt.Sprintf("You requested /body via method PUT with %d bytes", len(body)))
			}
		},
	},
	{
		Name: "body-after-head", Group: "http", App: "echo", Connections: 1,
		Why:  "a body may arrive later than its head, and in pieces",
		Hint: "an answer may be given when the whole body is there, not when the head is",
		Run: func(t *T) {
			c := t.Dial()
			request := t.RequestWithBody("POST", "/late", "hello")
			end := len(request) - len("hello")
			for at := end; at < len(request); at++ {
				c.SendInPieces(request[:at], request[at:])
				t.Body(c.Answer("POST"), "You requested /late via method POST with 5 bytes")
			}
		},
	},
	{
		Name: "large-body", Group: "http", App: "echo", Connections: 1,
		Why:  "a body just under 1 MiB needs many reads and is no reason to give up",
		Hint: "read until Content-Length bytes are there; a buffer grows, or the body has one of its own",
		Run: func(t *T) {
			const size = 1<<20 - 1
			c := t.Dial()
			c.Send(t.RequestWithBody("POST", "/large", strings.Repeat("b", size)) + t.Request("GET", "/next"))
			t.Body(c.Answer("POST"), fmt.Sprintf("You requested /large via method POST with %d bytes", size))
			t.Body(c.Answer("GET"), "You requested /next via method GET")
		},
	},
	{
		Name: "body-cut-short", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 8: a body that ends before its Content-Length is incomplete and must not be taken as whole",
		Hint: "the end of input inside a body is an error: close, or answer 400",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("POST", "/cut", "Content-Length: 10") + "12345")
			c.CloseWrite()
			if raw := c.Rest(); raw != "" && !strings.HasPrefix(raw, "HTTP/1.1 4") {
				t.Fail("no answer, or a status of 400 and more", "%s", shorten(raw))
			}
		},
	},
	{
		Name: "continue", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9110 section 10.1.1: who sends Expect: 100-continue waits for 100 before it sends the body (curl does)",
		Hint: "send HTTP/1.1 100 Continue and an empty line when the head is complete and the body is not there",
		Run: func(t *T) {
			c := t.Dial()
			for range 2 {
				c.Send(t.Request("POST", "/asked", "Expect: 100-continue", "Content-Length: 5"))
				if interim := c.Interim(); interim.Status != 100 {
					t.Fail("100 Continue", "%s", interim)
				}
				c.Send("hello")
				t.Body(c.Answer("POST"), "You requested /asked via method POST with 5 bytes")
			}
		},
	},
	{
		Name: "continue-not-for-1.0", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9110 section 10.1.1: Expect: 100-continue in an HTTP/1.0 request must be ignored",
		Hint: "look at the request's version before sending 100: its client would take it for the answer",
		Run: func(t *T) {
			c := t.Dial()
			c.Send("POST /old HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
			c.Silent()
			c.Send("hello")
			if answer := c.next("POST"); answer.Status != 200 {
				t.Fail("200 and nothing before it", "%s", answer)
			}
		},
	},
}
