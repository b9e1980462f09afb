package conform

import "strings"

// A refusal is a request that must not be understood: two programs that read it differently disagree
// about where the next one begins, and what one of them checked the other did not see (RFC 9112
// section 11.2). It is answered with one of the statuses; then the connection is closed, because nobody
// knows where the next request begins.
type refusal struct {
	name     string
	request  string // {host} stands for the Host field's value
	statuses []int
	why      string
}

var (
	badRequest     = []int{400}
	notImplemented = []int{501, 400} // an unknown coding: RFC 9112 section 6.1 suggests 501, a faulty message is 400
)

// What most of the refused requests begin with, so that each line below shows what is wrong with its own.
const (
	getLine  = "GET / HTTP/1.1\r\n"
	postLine = "POST / HTTP/1.1\r\n"
	hostLine = "Host: {host}\r\n"
)

var refusals = []refusal{
	{"bare-lf", "GET / HTTP/1.1\nHost: {host}\n\n", badRequest, "RFC 9112 section 2.2: a line ends with CR LF; who takes a bare LF disagrees with who does not"},
	{"bare-lf-in-fields", getLine + "Host: {host}\nX: y\r\n\r\n", badRequest, "RFC 9112 section 2.2: a line ends with CR LF"},
	{"bare-cr", getLine + hostLine + "X: a\rb\r\n\r\n", badRequest, "RFC 9112 section 2.2: a CR without LF is invalid, or replaced by a space; ours is invalid"},
	{"bare-cr-as-line-end", "GET / HTTP/1.1\rHost: {host}\r\r\n\r\n", badRequest, "RFC 9112 section 2.2: a CR alone ends no line"},
	{"folded-line", getLine + hostLine + "X: a\r\n b\r\n\r\n", badRequest, "RFC 9112 section 5.2: obs-fold outside message/http is rejected with 400"},
	{"space-before-first-field", getLine + " " + hostLine + "\r\n", badRequest, "RFC 9112 section 2.2: white space between start line and first field: reject as invalid"},
	{"space-before-colon", getLine + "Host : {host}\r\n\r\n", badRequest, "RFC 9112 section 5.1: white space between name and colon must be rejected with 400"},
	{"space-in-field-name", getLine + hostLine + "X Y: z\r\n\r\n", badRequest, "RFC 9110 section 5.1: a field name is a token"},
	{"empty-field-name", getLine + hostLine + ": z\r\n\r\n", badRequest, "RFC 9110 section 5.1: a field name has at least one character"},
	{"line-without-colon", getLine + hostLine + "nothing\r\n\r\n", badRequest, "RFC 9112 section 5: a field line has a colon"},
	{"nul-in-value", getLine + hostLine + "X: a\x00b\r\n\r\n", badRequest, "RFC 9110 section 5.5: NUL, CR and LF in a value are invalid and dangerous"},
	{"control-in-value", getLine + hostLine + "X: a\x01b\r\n\r\n", badRequest, "RFC 9110 section 5.5: control characters in a value are invalid"},
	{"nul-in-target", "GET /\x00 HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3.2: a target holds no control characters"},
	{"space-in-target", "GET /a b HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3.2: no white space in a target; an invalid request line is answered with 400"},
	{"two-spaces", "GET  / HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3: single spaces between method, target and version"},
	{"tab-for-space", "GET\t/ HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3: single spaces between method, target and version"},
	{"target-without-slash", "GET path HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3.2: a target is a path, a URI, an authority or *"},
	{"method-no-token", "G(T / HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9110 section 9.1: a method is a token"},
	{"no-method", " / HTTP/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3: a request line begins with a method"},
	{"no-version", "GET /\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 3: a request line ends with a version; HTTP/0.9 is gone"},
	{"version-in-small-letters", "GET / http/1.1\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 2.3: the version is case-sensitive"},
	{"version-with-two-digits", "GET / HTTP/1.10\r\n" + hostLine + "\r\n", badRequest, "RFC 9112 section 2.3: one digit, a dot, one digit"},
	{"version-1.2", "GET / HTTP/1.2\r\n" + hostLine + "\r\n", []int{505}, "this server knows 1.0 and 1.1 and says so: RFC 9110 section 15.6.6"},
	{"version-2.0", "GET / HTTP/2.0\r\n" + hostLine + "\r\n", []int{505}, "RFC 9110 section 15.6.6: HTTP Version Not Supported"},
	{"no-host", getLine + "X: y\r\n\r\n", badRequest, "RFC 9112 section 3.2: an HTTP/1.1 request without Host must be answered with 400"},
	{"two-hosts", getLine + hostLine + hostLine + "\r\n", badRequest, "RFC 9112 section 3.2: a request with more than one Host must be answered with 400"},

	{"two-lengths", postLine + hostLine + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nbody", badRequest, "RFC 9112 section 6.3: differing Content-Lengths are an unrecoverable error"},
	{"list-of-lengths", postLine + hostLine + "Content-Length: 3, 4\r\n\r\nbody", badRequest, "RFC 9112 section 6.3: differing Content-Lengths are an unrecoverable error"},
	{"length-with-sign", postLine + hostLine + "Content-Length: +4\r\n\r\nbody", badRequest, "RFC 9110 section 8.6: Content-Length is digits and nothing else"},
	{"negative-length", postLine + hostLine + "Content-Length: -4\r\n\r\nbody", badRequest, "RFC 9110 section 8.6: Content-Length is digits and nothing else"},
	{"hexadecimal-length", postLine + hostLine + "Content-Length: 0x4\r\n\r\nbody", badRequest, "RFC 9110 section 8.6: Content-Length is digits and nothing else"},
	{"empty-length", postLine + hostLine + "Content-Length: \r\n\r\n", badRequest, "RFC 9110 section 8.6: Content-Length has at least one digit"},
	{"length-beyond-numbers", postLine + hostLine + "Content-Length: 18446744073709551620\r\n\r\nbody", []int{400, 413}, "RFC 9110 section 8.6: a length that overflows must not come out as a small one (this is 2^64 + 4)"},
	{"length-and-chunks", postLine + hostLine + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", badRequest, "RFC 9112 section 6.3: Transfer-Encoding with Content-Length may be an attempt to smuggle a request"},
	{"chunks-and-length", postLine + hostLine + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", badRequest, "RFC 9112 section 6.3: in whichever order they come"},
	{"unknown-coding", postLine + hostLine + "Transfer-Encoding: x-unknown\r\n\r\n", notImplemented, "RFC 9112 section 6.1: a coding that the server does not understand: 501"},
	{"chunked-not-last", postLine + hostLine + "Transfer-Encoding: chunked, x-unknown\r\n\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 6.3: if chunked is not the last coding, the length cannot be told: 400"},
	{"chunked-twice", postLine + hostLine + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 6.1: chunked is applied once"},
	{"chunks-in-1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 6.1: HTTP/1.0 has no Transfer-Encoding: treat the framing as faulty"},
	{"unknown-expectation", postLine + hostLine + "Expect: a-miracle\r\nContent-Length: 0\r\n\r\n", []int{417}, "RFC 9110 section 10.1.1: an expectation that cannot be met: 417"},
	{"chunk-size-no-number", postLine + hostLine + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", notImplemented, "RFC 9112 section 7.1: a chunk begins with hexadecimal digits"},
	{"chunk-size-with-sign", postLine + hostLine + "Transfer-Encoding: chunked\r\n\r\n+4\r\nbody\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 7.1: a chunk begins with hexadecimal digits"},
	{"chunk-size-beyond-numbers", postLine + hostLine + "Transfer-Encoding: chunked\r\n\r\n10000000000000004\r\nbody\r\n0\r\n\r\n", []int{400, 413, 501}, "RFC 9112 section 7.1: recipients must anticipate large numbers (this is 2^64 + 4)"},
	{"chunk-longer-than-told", postLine + hostLine + "Transfer-Encoding: chunked\r\n\r\n3\r\nbody\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 7.1: CR LF follows the chunk's bytes"},
	{"chunk-size-bare-lf", postLine + hostLine + "Transfer-Encoding: chunked\r\n\r\n4\nbody\r\n0\r\n\r\n", notImplemented, "RFC 9112 section 2.2: a bare LF ends no line, the one of a chunk's size neither"},
}

// strictCases makes a case of every refusal, and adds the one thing that is forgiven.
func strictCases() []Case {
	var cases []Case
	for _, r := range refusals {
		cases = append(cases, Case{
			Name: r.name, Group: "strict", Connections: 1,
			Why:  r.why,
			Hint: "refuse with " + either(r.statuses) + " and close: no request behind this one may be answered",
			Run: func(t *T) {
				c := t.Dial()
				request := strings.ReplaceAll(r.request, "{host}", t.Host)
				c.Send(request + t.Request("GET", "/smuggled"))
				answer := c.Answer("GET")
				t.Status(answer, r.statuses...)
				if !answer.Has("Connection", "close") {
					t.Fail("Connection: close in the refusal", "%+v", answer.Fields)
				}
				c.Gone()
				c.Close()
				t.Status(t.Dial().Get("/"), 200)
			},
		})
	}
	return append(cases, Case{
		Name: "empty-line-first", Group: "strict", Connections: 1,
		Why:  "RFC 9112 section 2.2: at least one empty line before the request line should be ignored",
		Hint: "skip CR LF where a request line is expected",
		Run: func(t *T) {
			c := t.Dial()
			c.Send("\r\n" + t.Request("GET", "/"))
			reference := c.Answer("GET")
			t.Status(reference, 200)
			c.SendInPieces("\r", "\n"+t.Request("GET", "/"))
			t.Same(c.Answer("GET"), reference, "after an empty line in two pieces")
		},
	})
}
