package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzLimits are so small that a fuzzer finds them.
func fuzzLimits() *Limits {
	return &Limits{Head: 200, Fields: 6, Body: 24, Bodies: NewBudget(1 << 20)}
}

// Whatever the bytes and wherever they are cut, the requests, the fault and the rest are the same;
// nothing panics, and no byte of the budget is lost.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		string(wrkRequest),
		"\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\nGET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : h\r\nA:\tb\x7f\r\n c\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\n",
	} {
		f.Add([]byte(seed), uint16(7), uint16(40))
	}
	f.Fuzz(func(t *testing.T, data []byte, first, second uint16) {
		if len(data) > 1000 {
			return // three heads and bodies, to the limit and beyond, fit
		}
		a, b := cuts(len(data), first, second)
		s := string(data)
		limits := fuzzLimits()
		whole := callers[0].run(limits, s)
		for _, c := range callers {
			for _, pieces := range [][]string{{s}, {s[:a], s[a:b], s[b:]}, strings.Split(s, "")} {
				if diff := cmp.Diff(whole, c.run(limits, pieces...)); diff != "" {
					t.Fatalf("%s: %q\ndiffers from the whole (-whole +pieces):\n%s", c.name, pieces, diff)
				}
			}
		}
		if held := limits.Bodies.Held(); held != 0 {
			t.Fatalf("%d bytes are counted and nobody holds any", held)
		}
		agreesWithNetHTTP(t, s, whole.Requests)
	})
}

// agreesWithNetHTTP checks that another parser, if it takes the same requests, sees them end in the same
// places. Two programs that do not agree about that can be played against each other.
func agreesWithNetHTTP(t *testing.T, s string, ours []seen) {
	reader := bufio.NewReader(strings.NewReader(s))
	for _, our := range ours {
		for blank, _ := reader.Peek(2); string(blank) == "\r\n"; blank, _ = reader.Peek(2) {
			reader.Discard(2) // net/http skips none
		}
		their, err := http.ReadRequest(reader)
		if err != nil {
			return // it refuses what we take, targets that are no URL for example: nobody is misled
		}
		body, err := io.ReadAll(their.Body)
		if err != nil {
			return
		}
		if line := their.Method + " " + their.RequestURI + " " + their.Proto; line != our.Line || string(body) != our.Body {
			t.Fatalf("in %q\nwe see %q with body %q\nnet/http %q with body %q", s, our.Line, our.Body, line, body)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: u\r\n\r\n",
		"HTTP/1.0 200 OK\r\nDate: now\r\n\r\nuntil the end",
		"HTTP/1.1 304\r\n\r\n",
	} {
		f.Add([]byte(seed), uint16(9), uint16(30), false, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, first, second uint16, head, end bool) {
		if len(data) > 1000 {
			return
		}
		a, b := cuts(len(data), first, second)
		s := string(data)
		limits := fuzzLimits()
		whole := receive(limits, head, end, s)
		for _, pieces := range [][]string{{s[:a], s[a:b], s[b:]}, strings.Split(s, "")} {
			if diff := cmp.Diff(whole, receive(limits, head, end, pieces...)); diff != "" {
				t.Fatalf("%q\ndiffers from the whole (-whole +pieces):\n%s", pieces, diff)
			}
		}
		if held := limits.Bodies.Held(); held != 0 {
			t.Fatalf("%d bytes are counted and nobody holds any", held)
		}
	})
}

// What one half writes, the other half reads.
func FuzzRoundTrip(f *testing.F) {
	f.Add(200, []byte("Hello, World!"), true, false)
	f.Add(304, []byte{}, false, true)
	f.Fuzz(func(t *testing.T, status int, body []byte, head, close bool) {
		if status < 200 || status > 999 {
			return
		}
		method := "POST"
		if head {
			method, body = "HEAD", nil
		}
		var request Request
		server := NewParser(&request, nil)
		server.Feed(AppendRequest(nil, method, "/", "h", everything.Header, body))
		r, err := server.Next()
		if err != nil || !bytes.Equal(r.Body, body) || string(r.Method) != method {
			t.Fatal(r, err)
		}

		framing := r.Framing()
		framing.Close = close
		var answer Answer
		client := NewResponseParser(&answer, nil)
		client.Head = head
		client.Feed(AppendResponse(nil, framing, &Response{Status: status, Header: everything.Header, Body: body}, nil))
		a, err := client.Next()
		if err != nil || a.Status != status || a.Close != close || client.Buffered() > 0 {
			t.Fatal(a, err)
		}
		if status != 204 && status != 304 && !bytes.Equal(a.Body, body) {
			t.Fatalf("body %q came back as %q", body, a.Body)
		}
	})
}

// cuts makes two places of two numbers, in order.
func cuts(n int, first, second uint16) (a, b int) {
	a, b = int(first)%(n+1), int(second)%(n+1)
	return min(a, b), max(a, b)
}
