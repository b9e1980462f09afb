package http1

import (
	"fmt"
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: h\r\n"
	for _, c := range []struct {
		name, bytes string
		want        *Error
	}{
		{"lines that end with LF", "GET / HTTP/1.1\nHost: h\n\n", errBareLF},
		{"one line that ends with LF", line + "Host: h\nA: b\r\n\r\n", errBareLF},
		{"an empty line of LF", line + host + "\n", errBareLF},
		{"LF before the request", "\n", errBareLF},
		{"CR inside a value", line + "Host: h\rA: b\r\n\r\n", errBareCR},
		{"CR inside the request line", "GET /\r HTTP/1.1\r\n" + host + "\r\n", errBareCR},
		{"CR CR LF", line + "Host: h\r\r\n\r\n", errBareCR},
		{"NUL in a value", line + "Host: h\x00\r\n\r\n", errNUL},
		{"NUL in a name", line + "Ho\x00st: h\r\n\r\n", errNUL},
		{"NUL in the target", "GET /\x00 HTTP/1.1\r\n\r\n", errNUL},
		{"the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00", errControl},
		{"an escape in a value", line + "Host: h\r\nA: \x1b[31m\r\n\r\n", errControl},
		{"DEL in a value", line + "Host: h\r\nA: \x7f\r\n\r\n", errControl},

		{"five empty lines", "\r\n\r\n\r\n\r\n\r\n", errBlankLines},
		{"a method with a bracket", "GE(T / HTTP/1.1\r\n" + host + "\r\n", errMethod},
		{"no method", " / HTTP/1.1\r\n" + host + "\r\n", errMethod},
		{"a tab behind the method", "GET\t/ HTTP/1.1\r\n" + host + "\r\n", errMethod},
		{"a method and nothing else", "GET\r\n\r\n", errMethod},
		{"no target", "GET HTTP/1.1\r\n" + host + "\r\n", errRequestLine},
		{"two spaces and no target", "GET  HTTP/1.1\r\n" + host + "\r\n", errRequestLine},
		{"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", errRequestLine},
		{"a space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", errRequestLine},
		{"a space behind the version", "GET / HTTP/1.1 \r\n" + host + "\r\n", errRequestLine},
		{"HTTP/0.9", "GET /\r\n\r\n", errRequestLine},
		{"a version that is too short", "GET / X\r\n\r\n", errRequestLine},
		{"a version in lower case", "GET / http/1.1\r\n" + host + "\r\n", errRequestLine},
		{"a version with two digits", "GET / HTTP/1.10\r\n" + host + "\r\n", errRequestLine},
		{"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", errVersion},
		{"HTTP/2's first words", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errVersion},
		{"a fragment", "GET /#top HTTP/1.1\r\n" + host + "\r\n", errTarget},
		{"a target that is not ASCII", "GET /\xc3\xa6 HTTP/1.1\r\n" + host + "\r\n", errTarget},
		{"a target without a slash", "GET wait HTTP/1.1\r\n" + host + "\r\n", errTargetForm},
		{"an asterisk for GET", "GET * HTTP/1.1\r\n" + host + "\r\n", errTargetForm},
		{"another scheme", "GET ftp://h/ HTTP/1.1\r\n" + host + "\r\n", errTargetForm},
		{"a scheme alone", "GET http:// HTTP/1.1\r\n" + host + "\r\n", errTargetForm},
		{"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", errConnect},

		{"a space before the colon", line + "Host : h\r\n\r\n", errNameSpace},
		{"a tab before the colon", line + "Host\t: h\r\n\r\n", errNameSpace},
		{"a folded line", line + host + "A: b\r\n c\r\n\r\n", errFolded},
		{"a folded line of a tab", line + host + "A: b\r\n\tc\r\n\r\n", errFolded},
		{"a space before the first field", line + " Host: h\r\n\r\n", errFolded},
		{"no name", line + host + ": b\r\n\r\n", errName},
		{"no colon", line + host + "A\r\n\r\n", errName},
		{"a name that is not a token", line + host + "A(: b\r\n\r\n", errName},
		{"a name above 0x7f", line + host + "\xc3\xa6: b\r\n\r\n", errName},

		{"no Host", line + "\r\n", errNoHost},
		{"two Hosts", line + host + host + "\r\n", errTwoHosts},
		{"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" + host + "host: h\r\n\r\n", errTwoHosts},
		{"a Host with a space", line + "Host: h h\r\n\r\n", errHost},
		{"a Host with a path", line + "Host: h/p\r\n\r\n", errHost},
		{"a Host with a user", line + "Host: u@h\r\n\r\n", errHost},

		{"both framings", line + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", errTwoFramings},
		{"both, the other way round", line + host + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", errTwoFramings},
		{"two lengths", line + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", errLengths},
		{"a list of lengths", line + host + "Content-Length: 3, 3\r\n\r\n", errLength},
		{"a length with a sign", line + host + "Content-Length: +3\r\n\r\n", errLength},
		{"a negative length", line + host + "Content-Length: -3\r\n\r\n", errLength},
		{"a hexadecimal length", line + host + "Content-Length: 0x3\r\n\r\n", errLength},
		{"an empty length", line + host + "Content-Length:\r\n\r\n", errLength},
		{"a length with a space inside", line + host + "Content-Length: 3 0\r\n\r\n", errLength},
		{"a length beyond the limit", line + host + "Content-Length: 1048577\r\n\r\n", errBodyLimit},
		{"a length beyond 64 bits", line + host + "Content-Length: 99999999999999999999\r\n\r\n", errBodyLimit},
		{"a length that wraps round to 1", line + host + "Content-Length: 18446744073709551617\r\n\r\n", errBodyLimit},
		{"an unknown coding", line + host + "Transfer-Encoding: gzip\r\n\r\n", errCoding},
		{"identity", line + host + "Transfer-Encoding: identity\r\n\r\n", errCoding},
		{"an unknown coding inside chunked", line + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", errCoding},
		{"what only begins with chunked", line + host + "Transfer-Encoding: chunkedx\r\n\r\n", errCoding},
		{"a vertical tab before chunked", line + host + "Transfer-Encoding: \x0bchunked\r\n\r\n", errControl},
		{"chunked twice", line + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", errNotChunked},
		{"a list of no coding", line + host + "Transfer-Encoding: ,\r\n\r\n", errNotChunked},
		{"no coding", line + host + "Transfer-Encoding:\r\n\r\n", errNotChunked},
		{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", errOldCoding},
		{"an unknown expectation", line + host + "Expect: 200-ok\r\n\r\n", errExpect},
		{"two expectations", line + host + "Expect: 100-continue, x\r\n\r\n", errExpect},
	} {
		t.Run(c.name, func(t *testing.T) { everyWay(t, nil, c.bytes, outcome{Refused: c.want}) })
	}
}

// What is right before a fault is answered: the fault is the next request's.
func TestRefusedBehindAGoodOne(t *testing.T) {
	everyWay(t, nil, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n!"+"GET / HTTP/1.1\r\nHost : h\r\n\r\n", outcome{
		Requests: []seen{{Line: "POST / HTTP/1.1", Header: []string{"Host: h", "Content-Length: 1"}, Body: "!"}},
		Refused:  errNameSpace,
	})
}

func TestEveryRefusalSaysSo(t *testing.T) {
	for _, e := range []*Error{errBareLF, errBudget, errVersion, errExpect, errHeadLimit} {
		want := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
			e.Status, reason(e.Status), len(e.Reason)+1, e.Reason)
		if got := string(AppendResponse(nil, Framing{Minor: 1}, e.Response(), nil)); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if reason(e.Status) == "" {
			t.Errorf("%d has no reason phrase", e.Status)
		}
		if want := "http1: " + e.Reason; e.Error() != want {
			t.Errorf("Error() is %q, want %q", e.Error(), want)
		}
	}
}

// An error stays: what comes behind it is not a request, whatever it looks like.
func TestAnErrorStays(t *testing.T) {
	var request Request
	parser := NewParser(&request, nil)
	parser.Feed([]byte("GET / HTTP/3.0\r\n\r\n"))
	for range 2 {
		if r, err := parser.Next(); r != nil || err != errVersion {
			t.Fatalf("Next: %v, %v; want %v", r, err, errVersion)
		}
		parser.Feed(wrkRequest)
	}
}

func TestLimits(t *testing.T) {
	small := &Limits{Head: 64, Fields: 3, Body: 8}
	pad := func(n int) string { // a request whose head has n bytes
		const before, after = "GET / HTTP/1.1\r\nHost: h\r\nA: ", "\r\n\r\n"
		return before + strings.Repeat("a", n-len(before)-len(after)) + after
	}
	padded := seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "A: " + strings.Repeat("a", 32)}}
	for _, c := range []struct {
		name, bytes string
		want        outcome
	}{
		{"a head of 64 bytes", pad(64), requests(padded)},
		{"a head of 65 bytes", pad(65), outcome{Refused: errHeadLimit}},
		{"64 bytes of a head without an end", pad(65)[:64], outcome{Refused: errHeadLimit}},
		{"63 bytes of a head without an end", pad(65)[:63], outcome{Stage: InHead, Buffered: 63}},
		{"a fault behind the 64th byte", pad(64)[:60] + "aaaaaaa\x00", outcome{Refused: errHeadLimit}},
		{"two heads of 64 bytes", pad(64) + pad(64), requests(padded, padded)},
		{"a request line of 65 bytes", "GET /" + strings.Repeat("a", 60), outcome{Refused: errHeadLimit}},
		{"three fields", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\nB:\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "A: ", "B: "}})},
		{"four fields", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\nB:\r\nC:\r\n\r\n", outcome{Refused: errFieldLimit}},
		{"a body of 8 bytes", "PUT / HTTP/1.1\r\nHost:\r\nContent-Length: 8\r\n\r\n12345678", requests(
			seen{Line: "PUT / HTTP/1.1", Header: []string{"Host: ", "Content-Length: 8"}, Body: "12345678"})},
		{"a body of 9 bytes", "PUT / HTTP/1.1\r\nHost:\r\nContent-Length: 9\r\n\r\n", outcome{Refused: errBodyLimit}},
	} {
		t.Run(c.name, func(t *testing.T) { everyWay(t, small, c.bytes, c.want) })
	}
}
