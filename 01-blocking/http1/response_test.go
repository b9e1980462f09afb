package http1

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// time1994 is the example of RFC 9110 section 5.6.7.
var time1994 = time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func TestDate(t *testing.T) {
	var d Date
	east := time.FixedZone("", 2*60*60)
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{time.Unix(0, 0), "Thu, 01 Jan 1970 00:00:00 GMT"},
		{time1994, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{time1994.Add(999 * time.Millisecond), "Sun, 06 Nov 1994 08:49:37 GMT"},
		{time1994.Add(time.Second), "Sun, 06 Nov 1994 08:49:38 GMT"},
		{time.Date(2000, 3, 1, 0, 30, 9, 0, east), "Tue, 29 Feb 2000 22:30:09 GMT"},
		{time.Date(2038, 12, 25, 23, 59, 59, 0, time.UTC), "Sat, 25 Dec 2038 23:59:59 GMT"},
	} {
		if got := string(d.At(c.now)); got != c.want {
			t.Errorf("At(%v) is %q, want %q", c.now, got, c.want)
		}
	}
	for day := range 800 { // every weekday and month, by another's hand
		now := time1994.AddDate(0, 0, day)
		if got, want := string(d.At(now)), now.Format(http.TimeFormat); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAppendDecimal(t *testing.T) {
	numbers := []int64{math.MaxInt64}
	for power := int64(1); power <= math.MaxInt64/10; power *= 10 {
		numbers = append(numbers, power-1, power, 2*power)
	}
	for _, n := range numbers {
		if got, want := string(appendDecimal([]byte("x"), n)), "x"+strconv.FormatInt(n, 10); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// everything is an answer with all there is.
var everything = &Response{
	Status: 405, Type: "text/plain", Header: []Pair{{"Allow", "GET, HEAD"}, {"Retry-After", "1"}}, Body: []byte("no\n"),
}

func TestAppendResponse(t *testing.T) {
	date := []byte("Sun, 06 Nov 1994 08:49:37 GMT")
	hello := &Response{Type: "text/plain", Body: []byte("Hello, World!")}
	for _, c := range []struct {
		name    string
		framing Framing
		r       *Response
		date    []byte
		want    string
	}{
		{"hello", Framing{Minor: 1}, hello, date,
			"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"},
		{"no clock", Framing{Minor: 1}, hello, nil,
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"},
		{"HEAD", Framing{Minor: 1, Head: true}, hello, nil,
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n"},
		{"nothing", Framing{Minor: 1}, &Response{}, nil, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"the client ends it", Framing{Minor: 1, Close: true}, &Response{}, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"the handler ends it", Framing{Minor: 1}, &Response{Close: true}, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"HTTP/1.0 kept alive", Framing{}, &Response{}, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
		{"HTTP/1.0 closed", Framing{Close: true}, &Response{}, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"all there is", Framing{Minor: 1}, everything, date,
			"HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n" +
				"Allow: GET, HEAD\r\nRetry-After: 1\r\nContent-Length: 3\r\n\r\nno\n"},
		{"204 has no body", Framing{Minor: 1}, &Response{Status: 204, Body: []byte("x")}, nil, "HTTP/1.1 204 No Content\r\n\r\n"},
		{"304 has no body", Framing{Minor: 1}, &Response{Status: 304, Body: []byte("x")}, nil, "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{"a status without a phrase", Framing{Minor: 1}, &Response{Status: 299}, nil, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
		{"no status", Framing{Minor: 1}, &Response{Status: 42, Body: []byte("x")}, nil,
			"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 1\r\n\r\nx"},
		{"a stream", Framing{Minor: 1}, &Response{Stream: nothing}, nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"a stream of known length", Framing{}, &Response{Stream: nothing, Length: 1 << 40}, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\nConnection: keep-alive\r\n\r\n"},
		{"a stream to HTTP/1.0", Framing{}, &Response{Stream: nothing}, nil, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{"a stream that HEAD asks for", Framing{Minor: 1, Head: true}, &Response{Stream: nothing}, nil,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"204 has no stream", Framing{Minor: 1}, &Response{Status: 204, Stream: nothing}, nil, "HTTP/1.1 204 No Content\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendResponse([]byte("> "), c.framing, c.r, c.date)); got != "> "+c.want {
				t.Errorf("got  %q\nwant %q", got, "> "+c.want)
			}
		})
	}
}

func nothing(Sender) error { return nil }

func TestAppendChunkSize(t *testing.T) {
	for n, want := range map[int]string{1: "1", 15: "f", 16: "10", 255: "ff", 4096: "1000", 1<<20 - 1: "fffff"} {
		if got := string(AppendChunkSize([]byte("> "), n)); got != "> "+want+"\r\n" {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// What we write, somebody else must be able to read.
func TestNetHTTPReadsOurAnswers(t *testing.T) {
	for _, f := range []Framing{{Minor: 1}, {Minor: 1, Head: true}, {Minor: 1, Close: true}, {}} {
		for _, r := range []*Response{{}, {Status: 204}, {Status: 304}, everything, errBudget.Response()} {
			sent := AppendResponse(nil, f, r, []byte("Sun, 06 Nov 1994 08:49:37 GMT"))
			method := "GET"
			if f.Head {
				method = "HEAD"
			}
			rest := bufio.NewReader(bytes.NewReader(sent))
			got, err := http.ReadResponse(rest, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%q: %v", sent, err)
			}
			body, err := io.ReadAll(got.Body)
			want := string(r.Body)
			if f.Head {
				want = ""
			}
			if err != nil || string(body) != want || rest.Buffered() > 0 || got.Close != (f.Close || r.Close) {
				t.Errorf("%q: read body %q, close %v, %d bytes left, %v", sent, body, got.Close, rest.Buffered(), err)
			}
		}
	}
}
