package http1

import (
	"strings"
	"testing"
)

func TestChunked(t *testing.T) {
	small := &Limits{Head: 64, Fields: 4, Body: 16}
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunked := func(body string) outcome {
		return requests(seen{Line: "POST / HTTP/1.1", Header: []string{"Host: h", "Transfer-Encoding: chunked"}, Body: body})
	}
	for _, c := range []struct {
		name, body string
		want       outcome
	}{
		{"nothing", "0\r\n\r\n", chunked("")},
		{"one chunk", "5\r\nhello\r\n0\r\n\r\n", chunked("hello")},
		{"several", "5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n", chunked("hello, world")},
		{"data that looks like a chunk", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", chunked("0\r\n\r\n")},
		{"a digit in upper case", "B\r\nhello,world\r\n0\r\n\r\n", chunked("hello,world")},
		{"sixteen bytes, leading zeros", "00a\r\n0123456789\r\n6\r\nabcdef\r\n000\r\n\r\n", chunked("0123456789abcdef")},
		{"seventeen bytes", "F\r\n0123456789abcde\r\n2\r\n", outcome{Refused: errBodyLimit}},
		{"a size that wraps round to 1", "10000000000000001\r\n", outcome{Refused: errChunkSize}},
		{"a size of 64 bits", "ffffffffffffffff\r\n", outcome{Refused: errBodyLimit}},
		{"extensions", "1;a\r\nx\r\n1 ; b=\"c\"\r\ny\r\n0;d\r\n\r\n", chunked("xy")},
		{"trailers", "1\r\nx\r\n0\r\nSum: 7\r\nContent-Length: 3\r\n\r\n", chunked("x")},
		{"another request behind it", "1\r\nx\r\n0\r\n\r\n" + head + "0\r\n\r\n", outcome{
			Requests: []seen{chunked("x").Requests[0], chunked("").Requests[0]}}},
		{"two requests, each with an extension of 40 bytes", strings.Repeat("0;"+strings.Repeat("a", 39)+"\r\n\r\n"+head, 2), outcome{
			Requests: []seen{chunked("").Requests[0], chunked("").Requests[0]}, Stage: InBody, Buffered: len(head)}},
		{"half a size", "1", outcome{Stage: InBody, Buffered: len(head) + 1}},
		{"half a chunk", "5\r\nhel", outcome{Stage: InBody, Buffered: len(head) + 3}},
		{"all but the end of the trailers", "1\r\nx\r\n0\r\nA: b\r\n\r", outcome{Stage: InBody, Buffered: len(head) + 2}},

		{"no size", "\r\nx", outcome{Refused: errChunkSize}},
		{"no digit", "x\r\n", outcome{Refused: errChunkSize}},
		{"a negative size", "-1\r\n", outcome{Refused: errChunkSize}},
		{"a prefix", "0x1\r\n", outcome{Refused: errChunkSize}},
		{"a space behind the size", "1 \r\nx\r\n", outcome{Refused: errChunkSize}},
		{"a space before it", " 1\r\nx\r\n", outcome{Refused: errChunkSize}},
		{"a size line that ends with LF", "1\nx\r\n", outcome{Refused: errBareLF}},
		{"an extension with CR", "1;a\rb\r\nx\r\n", outcome{Refused: errBareCR}},
		{"NUL in an extension", "1;\x00\r\nx\r\n", outcome{Refused: errNUL}},
		{"data that is longer than its size", "1\r\nxy\r\n", outcome{Refused: errChunkEnd}},
		{"data that is longer by what is no CR", "1\r\nxy\n0\r\n\r\n", outcome{Refused: errChunkEnd}},
		{"data that ends with LF", "1\r\nx\n0\r\n\r\n", outcome{Refused: errChunkEnd}},
		{"data that ends with CR", "1\r\nx\r0\r\n\r\n", outcome{Refused: errChunkEnd}},
		{"a trailer without a colon", "0\r\nA\r\n\r\n", outcome{Refused: errName}},
		{"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", outcome{Refused: errFolded}},
		{"a trailer with a space before its colon", "0\r\nA : b\r\n\r\n", outcome{Refused: errNameSpace}},
		{"an extension of 64 bytes", "1;" + strings.Repeat("a", 63) + "\r\nx\r\n0\r\n\r\n", chunked("x")},
		{"an extension of 65 bytes", "1;" + strings.Repeat("a", 64) + "\r\nx\r\n0\r\n\r\n", outcome{Refused: errExtraLimit}},
		{"extensions of 65 bytes together", strings.Repeat("1;aaaaaaaaaaaa\r\nx\r\n", 6), outcome{Refused: errExtraLimit}},
		{"trailers without an end", "0\r\n" + strings.Repeat("a", 64+maxSizeDigits+1), outcome{Refused: errExtraLimit}},
		{"trailers of 65 bytes together", "0\r\n" + strings.Repeat("A: 34567890\r\n", 6), outcome{Refused: errExtraLimit}},
	} {
		t.Run(c.name, func(t *testing.T) { everyWay(t, small, head+c.body, c.want) })
	}
}
