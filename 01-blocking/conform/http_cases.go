package conform

import (
	"fmt"
	"strings"
	"time"
)

// The group "http" asks "/" of whatever is served and compares answers with each other, so it can be
// pointed at any server. Where the content matters it asks for the application that has it.

var basicCases = []Case{
	{
		Name: "get", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 2.1: a request is answered with a status line, fields, an empty line and a body",
		Hint: "look at what the server received and at the first bytes that it sent",
		Run: func(t *T) {
			answer := t.Dial().Get("/")
			t.Status(answer, 200)
			if answer.Minor != 1 {
				t.Fail("an answer that begins with HTTP/1.1", "HTTP/1.%d", answer.Minor)
			}
		},
	},
	{
		Name: "hello", Group: "http", App: "hello", Connections: 1,
		Why:  "the hello application says Hello, World! at every path, as text/plain",
		Hint: "13 bytes: no line end after them",
		Run: func(t *T) {
			c := t.Dial()
			for _, target := range []string{"/", "/any/path", "/any?query=1"} {
				answer := c.Get(target)
				t.Body(answer, "Hello, World!")
				if kind, _ := answer.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
					t.Fail("Content-Type: text/plain", "Content-Type: %q", kind)
				}
			}
		},
	},
	{
		Name: "date", Group: "http", Connections: 1,
		Why:  "RFC 9110 section 6.6.1: a server with a clock sends Date, in the one form of section 5.6.7",
		Hint: "Mon, 02 Jan 2006 15:04:05 GMT: two digits for the day, GMT and nothing else for the zone",
		Run: func(t *T) {
			const imfFixdate = "Mon, 02 Jan 2006 15:04:05 GMT"
			sent, there := t.Dial().Get("/").Get("Date")
			parsed, err := time.Parse(imfFixdate, sent)
			if !there || err != nil || parsed.Format(imfFixdate) != sent {
				t.Fail("a Date like "+imfFixdate, "%q", sent)
			}
		},
	},
	{
		Name: "head", Group: "http", Connections: 1,
		Why:  "RFC 9110 section 9.3.2: HEAD is GET without the body, with the same Content-Length",
		Hint: "a body after the answer to HEAD is read as the beginning of the next answer",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			c.Send(t.Request("HEAD", "/"))
			head := c.Answer("HEAD")
			told, _ := reference.Get("Content-Length")
			if length, there := head.Get("Content-Length"); head.Status == 200 && there && length != told {
				t.Fail("the Content-Length of GET, "+told, "%s", length)
			}
			t.Same(c.Get("/"), reference, "a GET after the HEAD")
		},
	},
	{
		Name: "field-names-in-any-case", Group: "http", Connections: 1,
		Why:  "RFC 9110 section 5.1: field names are case-insensitive; RFC 9112 section 5: white space around a value is not part of it",
		Hint: "compare names without regard to case, and trim spaces and tabs",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			c.Send(t.lines("GET / HTTP/1.1", "hOSt:"+t.Host, "X-Empty:", "X-Tabs:\t a \t", "cONNECTION: \tclose "))
			t.Same(c.Answer("GET"), reference, "with names in strange case")
			c.End()
		},
	},
	{
		Name: "absolute-form", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 3.2.2: a server must accept GET http://host/path",
		Hint: "cut scheme and authority off before looking for the path",
		Run: func(t *T) {
			reference := t.Reference()
			t.Same(t.Dial().Get("http://"+t.Host+"/"), reference, "for http://"+t.Host+"/")
		},
	},
	{
		Name: "http-1.0", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.3: HTTP/1.0 has no keep-alive unless the client asks; no Host; section 6.1: no chunks for it",
		Hint: "close after the answer; end the body with the connection if its length is not known",
		Run: func(t *T) {
			c := t.Dial()
			c.Send("GET / HTTP/1.0\r\n\r\n")
			answer := c.Answer("GET")
			t.Status(answer, 200)
			if coding, coded := answer.Get("Transfer-Encoding"); coded {
				t.Fail("an answer that an HTTP/1.0 client can read", "Transfer-Encoding: %s", coding)
			}
			c.End()
		},
	},
	{
		Name: "http-1.0-keep-alive", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.3: a 1.0 client that sends Connection: keep-alive is told so in the answer; ab -k relies on it",
		Hint: "answer with Connection: keep-alive and a Content-Length, and read on",
		Run: func(t *T) {
			c := t.Dial()
			for range 2 {
				c.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
				answer := c.Answer("GET")
				t.Status(answer, 200)
				if !answer.Has("Connection", "keep-alive") {
					value, _ := answer.Get("Connection")
					t.Fail("Connection: keep-alive in the answer", "Connection: %q", value)
				}
			}
		},
	},
}

var connectionCases = []Case{
	{
		Name: "keep-alive", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.3: an HTTP/1.1 connection stays open until somebody says close",
		Hint: "loop around read, parse, answer",
		Run: func(t *T) {
			c := t.Dial()
			reference := c.Get("/")
			for range 5 {
				t.Same(c.Get("/"), reference, "on the same connection")
			}
			c.Silent()
		},
	},
	{
		Name: "close", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.6: after a request with Connection: close the server says close, closes, and answers nothing more",
		Hint: "look for close among the elements of Connection, in any case; drop what follows",
		Run: func(t *T) {
			for _, option := range []string{"close", "CLOSE", "x-option, Close"} {
				c := t.Dial()
				c.Send(t.Request("GET", "/", "Connection: "+option))
				answer := c.Answer("GET")
				t.Status(answer, 200)
				if !answer.Has("Connection", "close") {
					got, _ := answer.Get("Connection")
					t.Fail("Connection: close in the answer to Connection: "+option, "Connection: %q", got)
				}
				c.End()
				c.Close()
			}
		},
	},
	{
		Name: "close-ignores-the-rest", Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.6: a server must not process requests that follow the one with close",
		Hint: "look at Close before taking the next request out of the buffer",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(t.Request("GET", "/", "Connection: close") + t.Request("GET", "/"))
			t.Status(c.Answer("GET"), 200)
			c.Gone()
		},
	},
	{
		Name: "all-is-answered", Group: "half-close", Connections: 1,
		Why:  "RFC 9112 section 9.6: a client may end its half after the last request; what it asked for is still answered",
		Hint: "the end of input is not the end of the connection: answer what is complete, then close",
		Run: func(t *T) {
			c := t.Dial()
			c.Send(strings.Repeat(t.Request("GET", "/"), 3))
			c.CloseWrite()
			reference := c.Answer("GET")
			t.Status(reference, 200)
			t.Same(c.Answer("GET"), reference, "second of three")
			t.Same(c.Answer("GET"), reference, "third of three")
			c.End()
		},
	},
	pipelining(2),
	pipelining(16),
	pipelining(1000),
	{
		Name: "pipelining-in-order", Group: "http", App: "echo", Connections: 1,
		Why:  "RFC 9112 section 9.3.2: answers to pipelined requests come in the order of the requests",
		Hint: "answer one request before beginning with the next",
		Run: func(t *T) {
			var requests strings.Builder
			for i := range 64 {
				fmt.Fprint(&requests, t.Request("GET", fmt.Sprint("/", i)))
			}
			c := t.Dial()
			c.Send(requests.String())
			for i := range 64 {
				t.Body(c.Answer("GET"), fmt.Sprintf("You requested /%d via method GET", i))
			}
		},
	},
	{
		Name: "reset-harms-nobody", Group: "http", Connections: 1,
		Why:  "a client may go away at any moment: in the middle of a request, or before it has read its answer",
		Hint: "an error of one connection ends that connection and nothing else (ECONNRESET, EPIPE, ECONNABORTED)",
		Run: func(t *T) {
			request := t.Request("GET", "/")
			for _, sent := range []string{"", request[:len(request)/2], request, strings.Repeat(request, 100)} {
				for _, leave := range []func(*Client){(*Client).Reset, (*Client).Close} {
					c := t.Dial()
					if sent != "" {
						c.Send(sent)
					}
					leave(c)
				}
			}
			for range 10 { // the server may be slow to see the last of them
				t.Reference()
			}
		},
	},
	{
		Name: "slow-neighbour", Group: "http", Connections: 2,
		Why:  "a client that has sent half a request must not keep another from its answer",
		Hint: "who waits for one client must not hold what the others need",
		Run: func(t *T) {
			request := t.Request("GET", "/")
			slow, quick := t.Dial(), t.Dial()
			slow.Send(request[:len(request)/2])
			reference := quick.Get("/")
			slow.Send(request[len(request)/2:])
			t.Same(slow.Answer("GET"), reference, "for the slow one")
		},
	},
	{
		Name: "fifty-at-once", Group: "http", Connections: 50,
		Why:  "a server has many connections open; they may ask in any order",
		Hint: "keep what belongs to a connection with that connection: buffer, parser, position",
		Run: func(t *T) {
			clients := make([]*Client, 50)
			for i := range clients {
				clients[i] = t.Dial()
				clients[i].Send("GET / HTTP/1.1\r\nHo")
			}
			for i := range clients {
				clients[len(clients)-1-i].Send("st: " + t.Host + "\r\n\r\n")
			}
			reference := clients[0].Answer("GET")
			for _, c := range clients[1:] {
				t.Same(c.Answer("GET"), reference, "on every connection")
			}
		},
	},
}

func pipelining(n int) Case {
	return Case{
		Name: fmt.Sprintf("pipelining-%d", n), Group: "http", Connections: 1,
		Why:  "RFC 9112 section 9.3.2: a client may send requests without waiting; each is answered",
		Hint: "after a request look for the next one in the bytes that are already there, before reading again",
		Run: func(t *T) {
			reference := t.Reference()
			c := t.Dial()
			c.Send(strings.Repeat(t.Request("GET", "/"), n))
			for i := range n {
				t.Same(c.Answer("GET"), reference, fmt.Sprintf("for request %d of %d in one write", i+1, n))
			}
			c.Silent()
		},
	}
}
