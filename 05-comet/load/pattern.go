package load

import (
	"bytes"
	"errors"
	"fmt"

	"example.com/c10k/01-blocking/http1"
)

// A pattern is a good answer. Another one is good too if it differs in its date alone.
type pattern struct {
	bytes    []byte
	from, to int // where the value of Date is; 0, 0 if there is none
}

var (
	errDiffers = errors.New("an answer differs from the first one")
	errNone    = errors.New("the connection was closed without an answer")
	errTooMuch = errors.New("more arrived than was asked for")
)

// dateField is searched in the head in lower case, as field names have no case.
var dateField = []byte("\r\ndate: ")

// learn checks an answer, and makes it a pattern: nil if more of it must come. ended says that nothing more
// will, because the server has closed the connection.
func learn(answer []byte, body string, ended bool) (*pattern, error) {
	var into http1.Answer
	parser := http1.NewResponseParser(&into, nil)
	defer parser.Release()
	parser.Feed(answer)
	a, err := parser.Next()
	if a == nil && err == nil && ended {
		a, err = parser.EndOfStream()
	}
	switch {
	case err != nil:
		return nil, err
	case a == nil && ended:
		return nil, errNone
	case a == nil:
		return nil, nil
	case a.Status != 200:
		return nil, fmt.Errorf("the status is %d", a.Status)
	case string(a.Body) != body:
		return nil, fmt.Errorf("the body is %.20q instead of %.20q", a.Body, body)
	case parser.Buffered() > 0:
		return nil, errTooMuch
	}
	p := &pattern{bytes: bytes.Clone(answer)}
	head, _, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	if at := bytes.Index(bytes.ToLower(head), dateField); at >= 0 {
		p.from = at + len(dateField)
		p.to = p.from + bytes.IndexByte(answer[p.from:], '\r')
	}
	return p, nil
}

// match compares b with what must come after the first at bytes of an answer, over as many answers as b
// touches. It returns where in an answer b ends, and how many ended in it.
func (p *pattern) match(b []byte, at int) (end, ended int, good bool) {
	for len(b) > 0 {
		n := min(len(b), len(p.bytes)-at)
		if !p.same(b[:n], at) {
			return at, ended, false
		}
		b, at = b[n:], at+n
		if at == len(p.bytes) {
			at, ended = 0, ended+1
		}
	}
	return at, ended, true
}

// same compares b with the pattern's bytes from at on, date apart.
func (p *pattern) same(b []byte, at int) bool {
	want := p.bytes[at : at+len(b)]
	from, to := min(max(p.from-at, 0), len(b)), min(max(p.to-at, 0), len(b))
	return bytes.Equal(b[:from], want[:from]) && bytes.Equal(b[to:], want[to:])
}
