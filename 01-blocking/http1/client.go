package http1

// AppendRequest appends a request, head and body, to dst and returns the longer slice. The target is
// sent as it is ("/wait", "*"), the host is HOST or HOST:PORT, and the header are further fields:
// {"Connection", "close"}, {"Expect", "100-continue"}. Content-Length is the body's; where there is no
// body only POST, PUT and PATCH say so, because they could have one (RFC 9110 section 8.6).
func AppendRequest(dst []byte, method, target, host string, header []Pair, body []byte) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\n"...)
	for i := range header {
		dst = appendPair(dst, &header[i])
	}
	if len(body) > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
		dst = append(dst, "Content-Length: "...)
		dst = appendDecimal(dst, int64(len(body)))
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, body...)
}

// An Answer is what a client gets, whole: its body has arrived. All its bytes are lent.
type Answer struct {
	Status int     // 200 to 999: the final answer, for 1xx are skipped
	Minor  int     // 1 for HTTP/1.1, 0 for HTTP/1.0
	Header []Field // in the order of arrival
	Body   []byte  // decoded; nil if there is none
	Close  bool    // the server ends the connection, or has ended it
}

// Get returns the value of the first field of that name, which is given in lower case. It is lent.
func (a *Answer) Get(name string) ([]byte, bool) { return get(a.Header, name) }

// A ResponseParser turns the bytes of one connection into answers. It is the client's half of [Parser],
// with the same methods and the same rule for lent bytes.
type ResponseParser struct {
	// Head: the next answer is to a HEAD request, so it has no body, whatever its fields say. Only the
	// client can know; it sets this before the Next that may return that answer.
	Head bool

	pending
	into   *Answer
	failed *Error
}

// NewResponseParser makes the parser of a connection that begins. The answer `into` may be shared by all
// parsers of one thread or loop. Limits nil are the DefaultClientLimits.
func NewResponseParser(into *Answer, limits *Limits) ResponseParser {
	if limits == nil {
		limits = &DefaultClientLimits
	}
	return ResponseParser{pending: pending{limits: limits}, into: into}
}

// Next returns the next answer, or (nil, nil) if more is needed; then nothing of what was fed is held
// any longer, except as a copy. The answer is lent: it is good until the next Next, and as long as the
// buffer that was fed. An error is an *Error, and every Next after it returns it again.
func (p *ResponseParser) Next() (*Answer, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	end, err := p.answerEnd()
	if end > 0 {
		p.reread()
		p.into.Body = p.give(end)
		return p.into, nil
	}
	if err == nil {
		err = p.hold()
	}
	if err != nil {
		return nil, p.fail(err)
	}
	return nil, nil
}

// EndOfStream tells that the server has closed its direction, after all that it sent was fed and Next
// needs more. If the awaited answer has a body that ends with the stream, this is its end, and it is
// returned. If nothing of an answer is pending it returns (nil, nil), and otherwise an *Error.
func (p *ResponseParser) EndOfStream() (*Answer, error) {
	switch {
	case p.failed != nil:
		return nil, p.failed
	case p.part == inUnbounded:
		p.reread()
		p.into.Close = true
		p.body = len(p.bytes) - p.head
		p.into.Body = p.give(len(p.bytes))
		return p.into, nil
	case len(p.bytes) > 0:
		return nil, p.fail(errTruncated)
	}
	return nil, nil
}

func (p *ResponseParser) fail(err *Error) error {
	p.failed = err
	p.Release()
	return err
}

// reread fills the answer from a head that judge has found good; the bytes may have moved since.
func (p *ResponseParser) reread() {
	p.into.parse(p.bytes[:p.head], p.limits.Fields, &meaning{})
}

// answerEnd returns where the answer ends, which begins the bytes, or 0 if more is needed.
func (p *ResponseParser) answerEnd() (int, *Error) {
	if p.part == inHead {
		p.uncharge() // the answer before is over
	}
	for p.part == inHead {
		n, err := p.headEnd()
		if n == 0 {
			return 0, err
		}
		if err := p.judge(n); err != nil {
			return 0, err
		}
	}
	return p.bodyEnd()
}

// maxInterim bounds the 1xx answers before a final one: each is a head, and a server that sends nothing
// else would keep a client busy for ever.
const maxInterim = 16

// judge decides what the head, of n bytes, means: an answer in the 100s is dropped, and of another it
// decides where the body ends (RFC 9112 section 6.3).
func (p *ResponseParser) judge(n int) *Error {
	var m meaning
	if _, err := p.into.parse(p.bytes[:n], p.limits.Fields, &m); err != nil {
		return err
	}
	status := p.into.Status
	switch {
	case status == 101:
		return errUpgrade
	case status < 200:
		p.bytes, p.searched, p.cut = p.bytes[n:], 0, p.owned
		if p.blank++; p.blank > maxInterim {
			return errInterim
		}
		return nil
	}
	if err := m.body(); err != nil {
		return err
	}
	if m.length > p.limits.Body && !p.Head {
		return errBodyLimit
	}
	p.head, p.part, p.body = n, inSized, m.length
	switch {
	case p.Head || status == 204 || status == 304:
		p.body = 0
	case m.chunked:
		p.part, p.searched = inSize, int32(n)
	case !m.sized:
		p.part = inUnbounded
	}
	return nil
}

// parse reads an answer's head from b, which holds it whole.
func (a *Answer) parse(b []byte, most int, m *meaning) (int, *Error) {
	const minor, space, status, after = 7, 8, 9, 12 // "HTTP/1.1 200 OK"
	if len(b) < after+2 || string(b[:minor]) != "HTTP/1." || b[minor] != '0' && b[minor] != '1' || b[space] != ' ' {
		return 0, errStatusLine
	}
	a.Minor = int(b[minor] - '0')
	a.Status = 0
	for _, c := range b[status:after] {
		if !digit(c) {
			return 0, errStatusLine
		}
		a.Status = a.Status*10 + int(c-'0')
	}
	// The reason may be empty, and some servers leave out the space before it as well.
	end := control(b, after)
	if a.Status < 100 || b[after] != ' ' && end != after {
		return 0, errStatusLine
	}
	n, err := 0, (*Error)(nil)
	a.Header, n, err = m.fields(b, end+len("\r\n"), a.Header[:0], most)
	a.Close = m.close || a.Minor == 0 && !m.keepAlive
	return n, err
}
