package http1

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A seen is a request as a test remembers it: its own copy of what was lent.
type seen struct {
	Line   string // "GET / HTTP/1.1"
	Header []string
	Body   string
	Close  bool
}

func see(r *Request) seen {
	s := seen{Line: fmt.Sprintf("%s %s HTTP/1.%d", r.Method, r.Target, r.Minor), Body: string(r.Body), Close: r.Close}
	for _, f := range r.Header {
		s.Header = append(s.Header, string(f.Name)+": "+string(f.Value))
	}
	return s
}

// An outcome is all that a parser tells of a stream of bytes.
type outcome struct {
	Requests []seen
	Refused  *Error
	Stage    Stage
	Expects  bool
	Buffered int
	Wrote    bool // into bytes that were only lent
}

// A caller is a way to use the parser. All of them must see the same.
type caller struct {
	name string
	keep bool // Keep after each request, as serve does before a handler that may wait
	hold bool // feed twice before each Next, as a scheduler does while a handler waits
}

var callers = []caller{{name: "plain"}, {name: "keep", keep: true}, {name: "hold", hold: true}}

// run feeds the pieces. What was lent is overwritten as soon as the contract allows it, and the request
// that all connections share is spoilt when it belongs to another one: a forgotten copy is seen.
func (c caller) run(limits *Limits, pieces ...string) (out outcome) {
	var shared Request
	parser := NewParser(&shared, limits)
	defer parser.Release()
	for i, piece := range pieces {
		lent := []byte(piece)
		parser.Feed(lent)
		if c.hold && i%2 == 0 && i+1 < len(pieces) {
			parser.Keep()
			spoil(lent)
			continue
		}
		for {
			request, err := parser.Next()
			if err != nil {
				out.Refused = err.(*Error)
				return out
			}
			if request == nil {
				break
			}
			out.Requests = append(out.Requests, see(request))
			if c.keep {
				parser.Keep()
				spoil(lent)
			}
		}
		out.Wrote = out.Wrote || !c.keep && string(lent) != piece
		spoil(lent)
		shared = Request{Method: lent, Target: lent, Minor: 7, Header: []Field{{lent, lent}}, Body: lent, Close: !shared.Close}
	}
	out.Stage, out.Expects, out.Buffered = parser.Stage(), parser.Expects(), parser.Buffered()
	return out
}

func spoil(b []byte) {
	for i := range b {
		b[i] = 0xee
	}
}

// everyWay runs the bytes whole, byte by byte, and cut in two at every place.
func everyWay(t *testing.T, limits *Limits, bytes string, want outcome) {
	t.Helper()
	for _, c := range callers {
		check := func(how string, pieces ...string) {
			t.Helper()
			if diff := cmp.Diff(want, c.run(limits, pieces...)); diff != "" {
				t.Fatalf("%s, %s (-want +got):\n%s", c.name, how, diff)
			}
		}
		check("whole", bytes)
		check("byte by byte", strings.Split(bytes, "")...)
		for i := 1; i < len(bytes); i++ {
			check(fmt.Sprintf("%q + %q", bytes[:i], bytes[i:]), bytes[:i], bytes[i:])
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name, bytes string
		want        outcome
	}{
		{"nothing", "", outcome{}},
		{"wrk's", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: 127.0.0.1:8080"}})},
		{"spaces and tabs around values", "GET / HTTP/1.1\r\nhOST:h\r\nA:\t one\ttwo \t\r\nB:\r\nC:   \r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"hOST: h", "A: one\ttwo", "B: ", "C: "}})},
		{"a value with bytes above 0x7f", "GET / HTTP/1.1\r\nHost: h\r\nName: Bj\xc3\xb8rn \xff\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "Name: Bj\xc3\xb8rn \xff"}})},
		{"every token character in a method", "!#$%&'*+-.^_`|~9Zz / HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "!#$%&'*+-.^_`|~9Zz / HTTP/1.1", Header: []string{"Host: h"}})},
		{"a lower-case method is another method", "get / HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "get / HTTP/1.1", Header: []string{"Host: h"}})},
		{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: "}})},
		{"an IPv6 Host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: [2001:db8::1]:80"}})},
		{"absolute-form", "GET HTTP://h/wait?x HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "GET HTTP://h/wait?x HTTP/1.1", Header: []string{"Host: h"}})},
		{"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "OPTIONS * HTTP/1.1", Header: []string{"Host: h"}})},
		{"a target as browsers send it", "GET /a|b?q=\"{<^`\\>}\" HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "GET /a|b?q=\"{<^`\\>}\" HTTP/1.1", Header: []string{"Host: h"}})},
		{"HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.0", Close: true})},
		{"HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.0", Header: []string{"Connection: Keep-Alive"}})},
		{"HTTP/1.0, both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.0", Header: []string{"Connection: keep-alive, close"}, Close: true})},
		{"HTTP/1.1, close in a list", "GET / HTTP/1.1\r\nHost: h\r\nConnection: ,upgrade\t, CLOSE\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "Connection: ,upgrade\t, CLOSE"}, Close: true})},
		{"what contains close is not close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: closed, close-ish\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "Connection: closed, close-ish"}})},
		{"four empty lines before it", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h"}})},
		{"a body", "POST /notify HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\na\r\n\r\n\x00\xff", requests(
			seen{Line: "POST /notify HTTP/1.1", Header: []string{"Host: h", "Content-Length: 7"}, Body: "a\r\n\r\n\x00\xff"})},
		{"a length of nothing", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", requests(
			seen{Line: "POST / HTTP/1.1", Header: []string{"Host: h", "Content-Length: 0"}})},
		{"the same length twice", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\ncontent-length: 02\r\n\r\nhi", requests(
			seen{Line: "POST / HTTP/1.1", Header: []string{"Host: h", "Content-Length: 2", "content-length: 02"}, Body: "hi"})},
		{"Expect means nothing in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", requests(
			seen{Line: "POST / HTTP/1.0", Header: []string{"Expect: 100-continue", "Content-Length: 2"}, Body: "hi", Close: true})},
		{"nor does another expectation", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.0", Header: []string{"Expect: x"}, Close: true})},
		{"empty lines before each of two", strings.Repeat("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 2), requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h"}}, seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h"}})},
		{"Expect without a body", "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n", requests(
			seen{Line: "GET / HTTP/1.1", Header: []string{"Host: h", "Expect: 100-Continue"}})},
	} {
		t.Run(c.name, func(t *testing.T) { everyWay(t, nil, c.bytes, c.want) })
	}
}

func requests(r ...seen) outcome { return outcome{Requests: r} }

func TestPipelined(t *testing.T) {
	everyWay(t, nil, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"+
		"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz\r\n"+
		"PUT /c HTTP/1.0\r\nTransfer: x\r\nConnection: keep-alive\r\n\r\n"+
		"GET /d HTTP/1.1\r\nHos", outcome{
		Requests: []seen{
			{Line: "GET /a HTTP/1.1", Header: []string{"Host: h"}},
			{Line: "POST /b HTTP/1.1", Header: []string{"Host: h", "Content-Length: 3"}, Body: "xyz"},
			{Line: "PUT /c HTTP/1.0", Header: []string{"Transfer: x", "Connection: keep-alive"}},
		},
		Stage: InHead, Buffered: len("GET /d HTTP/1.1\r\nHos"),
	})
}

func TestStages(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
	const expecting = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	const chunked = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
	const old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct {
		name, bytes string
		want        outcome
	}{
		{"nothing yet", "\r\n\r\n", outcome{}},
		{"one byte", "G", outcome{Stage: InHead, Buffered: 1}},
		{"half a line end before a request", "\r\n\r", outcome{Stage: InHead, Buffered: 1}},
		{"a head but for a byte", post[:len(post)-1], outcome{Stage: InHead, Buffered: len(post) - 1}},
		{"a head", post, outcome{Stage: InBody, Buffered: len(post)}},
		{"half a body", post + "hel", outcome{Stage: InBody, Buffered: len(post) + 3}},
		{"it waits for 100 Continue", expecting, outcome{Stage: InBody, Expects: true, Buffered: len(expecting)}},
		{"in HTTP/1.0 nobody waits", old, outcome{Stage: InBody, Buffered: len(old)}},
		{"it did not wait", expecting + "h", outcome{Stage: InBody, Buffered: len(expecting) + 1}},
		{"chunked, it waits", chunked, outcome{Stage: InBody, Expects: true, Buffered: len(chunked)}},
		{"chunked, it did not wait", chunked + "5\r\n", outcome{Stage: InBody, Buffered: len(chunked)}},
	} {
		t.Run(c.name, func(t *testing.T) { everyWay(t, nil, c.bytes, c.want) })
	}
}
