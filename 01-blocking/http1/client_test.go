package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A got is an answer as a test remembers it.
type got struct {
	Status, Minor int
	Header        []string
	Body          string
	Close         bool
}

func remember(a *Answer) got {
	g := got{Status: a.Status, Minor: a.Minor, Body: string(a.Body), Close: a.Close}
	for _, f := range a.Header {
		g.Header = append(g.Header, string(f.Name)+": "+string(f.Value))
	}
	return g
}

// answers is all that a client's parser tells of a stream. After `end` the stream was closed.
type answers struct {
	Got      []got
	Refused  *Error
	Buffered int
}

// receive is caller.run for the client's half. The answers are to HEAD where head says so.
func receive(limits *Limits, head, end bool, pieces ...string) (out answers) {
	var shared Answer
	parser := NewResponseParser(&shared, limits)
	parser.Head = head
	defer parser.Release()
	for _, piece := range pieces {
		lent := []byte(piece)
		parser.Feed(lent)
		for {
			answer, err := parser.Next()
			if err != nil {
				out.Refused = err.(*Error)
				return out
			}
			if answer == nil {
				break
			}
			out.Got = append(out.Got, remember(answer))
			parser.Keep()
			spoil(lent)
		}
		spoil(lent)
		shared = Answer{Status: 7, Minor: 7, Header: []Field{{lent, lent}}, Body: lent, Close: !shared.Close}
	}
	if end {
		answer, err := parser.EndOfStream()
		if err != nil {
			out.Refused = err.(*Error)
			return out
		}
		if answer != nil {
			out.Got = append(out.Got, remember(answer))
		}
	}
	out.Buffered = parser.Buffered()
	return out
}

func TestAnswers(t *testing.T) {
	one := func(g got) answers { return answers{Got: []got{g}} }
	for _, c := range []struct {
		name      string
		head, end bool
		bytes     string
		want      answers
	}{
		{"nothing", false, true, "", answers{}},
		{"hello", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!",
			one(got{200, 1, []string{"Content-Length: 13"}, "Hello, World!", false})},
		{"and the end", false, true, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
			one(got{200, 1, []string{"Content-Length: 2", "Connection: close"}, "hi", true})},
		{"two", false, true, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
			answers{Got: []got{{200, 1, []string{"Content-Length: 1"}, "a", false}, {404, 1, []string{"Content-Length: 0"}, "", false}}}},
		{"HTTP/1.0", false, true, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
			one(got{200, 0, []string{"Content-Length: 1"}, "a", true})},
		{"HTTP/1.0 kept alive", false, true, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
			one(got{200, 0, []string{"Connection: keep-alive", "Content-Length: 1"}, "a", false})},
		{"until the end of the stream", false, true, "HTTP/1.1 200 OK\r\n\r\nall\r\n\r\nof it",
			one(got{200, 1, nil, "all\r\n\r\nof it", true})},
		{"until the end of the stream, and nothing", false, true, "HTTP/1.1 200 OK\r\n\r\n", one(got{200, 1, nil, "", true})},
		{"the end has not come", false, false, "HTTP/1.1 200 OK\r\n\r\nall", answers{Buffered: 22}},
		{"chunked", false, false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\nT: u\r\n\r\n",
			one(got{200, 1, []string{"Transfer-Encoding: chunked"}, "abcd", false})},
		{"to HEAD", true, false, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
			answers{Got: []got{{200, 1, []string{"Content-Length: 13"}, "", false},
				{200, 1, []string{"Transfer-Encoding: chunked"}, "", false}, {200, 1, nil, "", false}}}},
		{"to HEAD, of something large", true, false, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
			one(got{200, 1, []string{"Content-Length: 99999999999"}, "", false})},
		{"204 and 304", false, true, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 13\r\n\r\n",
			answers{Got: []got{{204, 1, nil, "", false}, {304, 1, []string{"Content-Length: 13"}, "", false}}}},
		{"100 and 103 come before", false, true, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
			one(got{200, 1, []string{"Content-Length: 1"}, "a", false})},
		{"no reason", false, true, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", one(got{299, 1, []string{"Content-Length: 0"}, "", false})},
		{"no reason and no space", false, true, "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n", one(got{299, 1, []string{"Content-Length: 0"}, "", false})},

		{"cut in the head", false, true, "HTTP/1.1 200 OK\r\nCont", answers{Refused: errTruncated}},
		{"cut in the body", false, true, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", answers{Refused: errTruncated}},
		{"cut in a chunked body", false, true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", answers{Refused: errTruncated}},
		{"no status", false, false, "HTTP/1.1 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"four digits", false, false, "HTTP/1.1 2000 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"a status below 100", false, false, "HTTP/1.1 099 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"another protocol", false, false, "ICY 200 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"HTTP/2.0", false, false, "HTTP/2.0 200 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"too short", false, false, "HTTP/1.1 20\r\n\r\n", answers{Refused: errStatusLine}},
		{"empty lines", false, false, "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", answers{Refused: errStatusLine}},
		{"LF alone", false, false, "HTTP/1.1 200 OK\n\n", answers{Refused: errBareLF}},
		{"both framings", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", answers{Refused: errTwoFramings}},
		{"two lengths", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", answers{Refused: errLengths}},
		{"an unknown coding", false, false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", answers{Refused: errCoding}},
		{"101", false, false, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", answers{Refused: errUpgrade}},
		{"17 times 100", false, false, strings.Repeat("HTTP/1.1 100 \r\n\r\n", 17), answers{Refused: errInterim}},
		{"80 bytes of a head without an end", false, false, "HTTP/1.1 200 " + strings.Repeat("O", 67), answers{Refused: errHeadLimit}},
		{"three fields", false, false, "HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\n\r\n", answers{Refused: errFieldLimit}},
		{"a body of 17 bytes", false, false, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", answers{Refused: errBodyLimit}},
		{"17 bytes until the end", false, false, "HTTP/1.1 200 OK\r\n\r\n12345678901234567", answers{Refused: errBodyLimit}},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := &Limits{Head: 80, Fields: 2, Body: 16, Bodies: NewBudget(1 << 20)}
			check := func(how string, pieces ...string) {
				if diff := cmp.Diff(c.want, receive(limits, c.head, c.end, pieces...)); diff != "" {
					t.Fatalf("%s (-want +got):\n%s", how, diff)
				}
			}
			check("whole", c.bytes)
			check("byte by byte", strings.Split(c.bytes, "")...)
			for i := 1; i < len(c.bytes); i++ {
				check(fmt.Sprintf("%q + %q", c.bytes[:i], c.bytes[i:]), c.bytes[:i], c.bytes[i:])
			}
			if held := limits.Bodies.Held(); held != 0 {
				t.Errorf("%d bytes are counted and nobody holds any", held)
			}
		})
	}
}

func TestAppendRequest(t *testing.T) {
	for _, c := range []struct {
		method, target string
		header         []Pair
		body, want     string
	}{
		{"GET", "/wait?since=7", nil, "", "GET /wait?since=7 HTTP/1.1\r\nHost: h:80\r\n\r\n"},
		{"GET", "/", []Pair{{"Connection", "close"}, {"A", ""}}, "", "GET / HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\nA: \r\n\r\n"},
		{"POST", "/notify", nil, "hi\r\n", "POST /notify HTTP/1.1\r\nHost: h:80\r\nContent-Length: 4\r\n\r\nhi\r\n"},
		{"POST", "/notify", nil, "", "POST /notify HTTP/1.1\r\nHost: h:80\r\nContent-Length: 0\r\n\r\n"},
		{"DELETE", "/x", nil, "why", "DELETE /x HTTP/1.1\r\nHost: h:80\r\nContent-Length: 3\r\n\r\nwhy"},
	} {
		sent := AppendRequest([]byte("> "), c.method, c.target, "h:80", c.header, []byte(c.body))
		if string(sent) != "> "+c.want {
			t.Errorf("got  %q\nwant %q", sent, "> "+c.want)
		}
		read, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent[2:])))
		if err != nil {
			t.Fatalf("net/http cannot read %q: %v", sent[2:], err)
		}
		body, err := io.ReadAll(read.Body)
		if err != nil || string(body) != c.body || read.Method != c.method || read.RequestURI != c.target {
			t.Errorf("net/http reads %s %s %q, %v", read.Method, read.RequestURI, body, err)
		}
	}
}

// An answer that ends with the stream can be had after others, and there is nothing behind it.
func TestEndOfStream(t *testing.T) {
	var answer Answer
	parser := NewResponseParser(&answer, nil)
	parser.Feed([]byte("HTTP/1.1 200 OK\r\n\r\nrest"))
	if a, err := parser.Next(); a != nil || err != nil {
		t.Fatal(a, err)
	}
	if a, err := parser.EndOfStream(); err != nil || string(a.Body) != "rest" {
		t.Fatal(a, err)
	}
	for range 2 {
		if a, err := parser.EndOfStream(); a != nil || err != nil {
			t.Fatal(a, err)
		}
	}
	if v, ok := (&Answer{Header: []Field{{[]byte("Allow"), []byte("GET")}}}).Get("allow"); string(v) != "GET" || !ok {
		t.Errorf("allow: %q, %v", v, ok)
	}
}
