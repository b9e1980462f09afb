package http1

// A Parser turns the bytes of one connection into requests. It is a value of about a hundred bytes, to
// be embedded in whatever carries the connection; there are ten thousand of them, so it holds a buffer
// only while a part of a request is pending.
//
//	parser.Feed(bytes that were read)
//	for {
//		request, err := parser.Next() // err: answer with it and close
//		if request == nil { break }   // read more
//		… answer it; call parser.Keep first if the buffer may be used again meanwhile
//	}
//
// Accepted are HTTP/1.1 and HTTP/1.0, pipelined or not, bodies of Content-Length and chunked ones, and
// targets in origin-form, absolute-form and OPTIONS *. CONNECT is refused: an answer in the 200s to it
// would turn the connection into a tunnel.
type Parser struct {
	pending
	into   *Request
	failed *Error
}

// NewParser makes the parser of a connection that begins. The request `into` may be shared by all
// parsers of one thread or loop, for it is filled in the Next that returns it. Limits nil are the
// DefaultLimits.
func NewParser(into *Request, limits *Limits) Parser {
	if limits == nil {
		limits = &DefaultLimits
	}
	return Parser{pending: pending{limits: limits}, into: into}
}

// Next returns the next request, or (nil, nil) if more is needed; then nothing of what was fed is held
// any longer, except as a copy. The request is lent: it is good until the next Next, and as long as the
// buffer that was fed. An error is an *Error, and every Next after it returns it again.
func (p *Parser) Next() (*Request, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	end, err := 0, (*Error)(nil)
	again := p.part != inHead // its head was judged in an earlier call
	if !again {
		p.uncharge() // the request before is over
		err = p.readHead()
	}
	if err == nil && p.part != inHead {
		if end, err = p.bodyEnd(); end > 0 {
			if again {
				p.reread()
			}
			p.into.Body = p.give(end)
			return p.into, nil
		}
	}
	if err == nil {
		err = p.hold()
	}
	if err != nil {
		return nil, p.fail(err)
	}
	return nil, nil
}

func (p *Parser) fail(err *Error) error {
	p.failed = err
	p.Release()
	return err
}

// reread fills the request from a head that was good before: another connection has used the request
// since, and the bytes have moved.
func (p *Parser) reread() {
	p.into.parse(p.bytes[:p.head], p.limits.Fields, &meaning{})
}

// A Stage is how far the next request has come; it decides which time-out runs.
type Stage uint8

const (
	Idle   Stage = iota // nothing of it is there
	InHead              // a part of its head
	InBody              // its head, and not yet all of its body
)

// Stage is to be asked after Next said that it needs more.
func (p *Parser) Stage() Stage {
	switch {
	case p.part != inHead:
		return InBody
	case len(p.bytes) == 0:
		return Idle
	}
	return InHead
}

// Rests tells that the parser holds nothing of its connection: no byte of a message, no charge for a body, no
// error. Another parser with the same limits can then go on in its place.
func (p *Parser) Rests() bool {
	return len(p.bytes) == 0 && p.blank == 0 && p.charged == 0 && p.failed == nil
}

// Expects tells that the client waits for [Continue] before it sends its body. It is to be asked after
// Next said that it needs more, and is false as soon as a byte of the body has come.
func (p *Parser) Expects() bool { return p.expects }

// maxBlank is how many empty lines are skipped before a request. RFC 9112 section 2.2 asks for one, for
// clients of old that sent a line end too many behind a body.
const maxBlank = 4

func (p *pending) skipBlank() *Error {
	for len(p.bytes) >= 2 && p.bytes[0] == '\r' && p.bytes[1] == '\n' {
		p.bytes = p.bytes[2:]
		if p.blank++; p.blank > maxBlank {
			return errBlankLines
		}
	}
	return nil
}

// readHead parses a head if it is whole, and decides how the body is framed; then the part is another.
//
// Most heads come in one piece, so it is parsed first on the chance. A fault found so counts only if the
// head is whole, or it would depend on how the bytes were cut. What did not come in one piece is not
// parsed again until its end has been found.
func (p *Parser) readHead() *Error {
	if err := p.skipBlank(); err != nil || len(p.bytes) == 0 {
		return err
	}
	var m meaning
	n, err := 0, (*Error)(nil)
	if p.searched == 0 {
		n, err = p.into.parse(p.window(), p.limits.Fields, &m)
	}
	if n == 0 {
		end, fault := p.headEnd()
		if end == 0 {
			return fault
		}
		if err == nil {
			n, err = p.into.parse(p.bytes[:end], p.limits.Fields, &m)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return errRequestLine // only a line that is too short for a version gets here
		}
	}
	p.head = n
	return p.judge(&m)
}

// judge decides what the head as a whole means, or why it is refused.
func (p *Parser) judge(m *meaning) *Error {
	r := p.into
	if r.Target[0] != '/' {
		if string(r.Method) == "CONNECT" {
			return errConnect
		}
		if schemeEnd(r.Target) == 0 && !(string(r.Target) == "*" && string(r.Method) == "OPTIONS") {
			return errTargetForm
		}
	}
	switch {
	case m.rehosted:
		return errTwoHosts
	case m.badHost:
		return errHost
	case !m.hosted && r.Minor == 1:
		return errNoHost // RFC 9112 section 3.2
	case m.coded && r.Minor == 0:
		return errOldCoding // RFC 9112 section 6.1
	}
	if err := m.body(); err != nil {
		return err
	}
	if m.length > p.limits.Body {
		return errBodyLimit
	}
	if r.Minor == 1 { // to HTTP/1.0 an Expect means nothing (RFC 9110 section 10.1.1)
		if m.beyond {
			return errExpect
		}
		p.expects = m.expects
	}
	p.part, p.body = inSized, m.length
	if m.chunked {
		p.part, p.searched = inSize, int32(p.head)
	}
	return nil
}
