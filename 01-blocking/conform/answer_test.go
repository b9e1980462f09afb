package conform

import (
	"bufio"
	"strings"
	"testing"
)

// The reader that judges is judged by the grammar of RFC 9112, line by line.
func TestReadAnswer(t *testing.T) {
	tests := []struct {
		name, method, raw string
		body              string // of a good answer
		wrong             string // part of the error of a bad one
		left              string // what must stay unread behind a good one
	}{
		{name: "with a length", raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP", body: "ab", left: "HTTP"},
		{name: "without a phrase", raw: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
		{name: "to the end", raw: "HTTP/1.0 200 OK\r\n\r\nall of it", body: "all of it"},
		{name: "chunks", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\nnext", body: "abc0123456789", left: "next"},
		{name: "HEAD", method: "HEAD", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnext", left: "next"},
		{name: "204", raw: "HTTP/1.1 204 No Content\r\n\r\nnext", left: "next"},
		{name: "304 with the length of 200", raw: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nnext", left: "next"},
		{name: "100", raw: "HTTP/1.1 100 Continue\r\n\r\nnext", left: "next"},

		{name: "nothing", raw: "", wrong: "EOF"},
		{name: "bare LF", raw: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", wrong: "CR LF"},
		{name: "bare CR", raw: "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", wrong: "CR LF"},
		{name: "another protocol", raw: "SSH-2.0-x\r\n\r\n", wrong: "not with HTTP/1.1"},
		{name: "two digits", raw: "HTTP/1.1 20 OK\r\n\r\n", wrong: "three digits"},
		{name: "a letter", raw: "HTTP/1.1 2x0 OK\r\n\r\n", wrong: "three digits"},
		{name: "no space behind the code", raw: "HTTP/1.1 200\r\n\r\n", wrong: "three digits"},
		{name: "a space before the colon", raw: "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", wrong: "field line"},
		{name: "a folded line", raw: "HTTP/1.1 200 OK\r\nX: y\r\n z: a\r\n\r\n", wrong: "field line"},
		{name: "no colon", raw: "HTTP/1.1 200 OK\r\nX\r\n\r\n", wrong: "field line"},
		{name: "NUL", raw: "HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n", wrong: "control characters"},
		{name: "two lengths", raw: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", wrong: "more than one"},
		{name: "a signed length", raw: "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", wrong: "Content-Length is"},
		{name: "too long to believe", raw: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\na", wrong: "Content-Length is"},
		{name: "length and chunks", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", wrong: "nobody can tell"},
		{name: "length with 204", raw: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", wrong: "must not tell a length"},
		{name: "another coding", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", wrong: "nobody asked for"},
		{name: "a body cut short", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", wrong: "unexpected EOF"},
		{name: "a head cut short", raw: "HTTP/1.1 200 OK\r\nContent-Le", wrong: "unexpected EOF"},
		{name: "no last chunk", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", wrong: "unexpected EOF"},
		{name: "a chunk without size", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", wrong: "its size"},
		{name: "a chunk longer than told", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", wrong: "a chunk of 1 bytes"},
		{name: "a head without end", raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20000), wrong: "the answer's head"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			method := test.method
			if method == "" {
				method = "GET"
			}
			r := bufio.NewReader(strings.NewReader(test.raw))
			a, err := readAnswer(r, method)
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Fatalf("got %v, %v; want an error about %q", a, err, test.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			left, _ := r.Peek(r.Buffered())
			if a.Body != test.body || string(left) != test.left {
				t.Errorf("body %q with %q left; want %q with %q left", a.Body, left, test.body, test.left)
			}
		})
	}
}

func TestAnswerHas(t *testing.T) {
	a := Answer{Fields: []Field{{"Connection", "x, Keep-Alive"}, {"connection", "\tclose "}}}
	for element, want := range map[string]bool{"keep-alive": true, "close": true, "x": true, "keep": false, "": false} {
		if got := a.Has("CONNECTION", element); got != want {
			t.Errorf("Has %q: %v", element, got)
		}
	}
}
