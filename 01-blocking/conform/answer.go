package conform

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An Answer is one response, whole, as a strict client reads it.
type Answer struct {
	Minor  int // of its HTTP/1.x
	Status int
	Fields []Field
	Body   string
	ToEnd  bool // its body ended with the connection, because nothing told its length
}

// A Field is one header line of an answer.
type Field struct{ Name, Value string }

// Get returns the first field of that name, in any case, and whether there is one.
func (a *Answer) Get(name string) (string, bool) {
	for _, f := range a.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// Has tells whether a field that is a list ("close, x") has this element, in any case.
func (a *Answer) Has(name, element string) bool {
	for _, f := range a.Fields {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		for item := range strings.SplitSeq(f.Value, ",") {
			if strings.EqualFold(strings.Trim(item, " \t"), element) {
				return true
			}
		}
	}
	return false
}

func (a *Answer) String() string {
	return fmt.Sprintf("status %d and the body %s", a.Status, shorten(a.Body))
}

const (
	answerHead = 64 << 10 // bytes; more than any server here has to say before a body
	answerBody = 8 << 20  // bytes; the largest answer of a case is far below
)

// readAnswer reads one answer to a request with this method, interim ones included. It is strict: what
// RFC 9112 forbids a sender is an error, even where it asks receivers to be lenient.
func readAnswer(r *bufio.Reader, method string) (*Answer, error) {
	a := new(Answer)
	room := answerHead
	line, err := readLine(r, &room)
	if err != nil {
		return nil, err
	}
	if err := a.statusLine(line); err != nil {
		return nil, err
	}
	for {
		line, err := readLine(r, &room)
		if err != nil {
			return nil, inside(err)
		}
		if line == "" {
			break
		}
		if err := a.fieldLine(line); err != nil {
			return nil, err
		}
	}
	if err := a.readBody(r, method); err != nil {
		return nil, err
	}
	return a, nil
}

// statusLine is RFC 9112 section 4: HTTP-version SP status-code SP [ reason-phrase ].
func (a *Answer) statusLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, spaced := strings.Cut(rest, " ")
	switch version {
	case "HTTP/1.1":
		a.Minor = 1
	case "HTTP/1.0":
	default:
		return wrong("the answer begins with %s and not with HTTP/1.1", shorten(line))
	}
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || status < 100 || !spaced || !printable(reason) {
		return wrong("the status line is %s: RFC 9112 section 4 wants three digits, a space and a phrase", shorten(line))
	}
	a.Status = status
	return nil
}

// fieldLine is RFC 9112 section 5: field-name ":" OWS field-value OWS.
func (a *Answer) fieldLine(line string) error {
	name, value, colon := strings.Cut(line, ":")
	if !colon || !token(name) {
		return wrong("a field line is %s: RFC 9112 section 5 wants a name and a colon without space between", shorten(line))
	}
	if !printable(value) {
		return wrong("the field line %s holds control characters", shorten(line))
	}
	a.Fields = append(a.Fields, Field{name, strings.Trim(value, " \t")})
	return nil
}

// readBody is RFC 9112 section 6.3, for a client.
func (a *Answer) readBody(r *bufio.Reader, method string) error {
	length, told, err := a.contentLength()
	if err != nil {
		return err
	}
	coding, coded := a.Get("Transfer-Encoding")
	switch {
	case coded && told:
		return wrong("the answer has Content-Length and Transfer-Encoding: nobody can tell where it ends")
	case (a.Status < 200 || a.Status == 204) && (coded || told):
		return wrong("an answer %d must not tell a length (RFC 9110 section 8.6)", a.Status)
	case method == "HEAD" || a.Status < 200 || a.Status == 204 || a.Status == 304:
		return nil
	case coded && !strings.EqualFold(coding, "chunked"):
		return wrong("the answer's Transfer-Encoding is %q, which nobody asked for", coding)
	case coded:
		return a.readChunks(r)
	case told:
		body := make([]byte, length)
		_, err := io.ReadFull(r, body)
		a.Body = string(body)
		return inside(err)
	}
	body, err := io.ReadAll(io.LimitReader(r, answerBody+1))
	if len(body) > answerBody {
		return wrong("the answer's body has more than %d bytes", answerBody)
	}
	a.Body, a.ToEnd = string(body), true
	return err
}

func (a *Answer) contentLength() (n int, told bool, err error) {
	for _, f := range a.Fields {
		if !strings.EqualFold(f.Name, "Content-Length") {
			continue
		}
		if told {
			return 0, true, wrong("the answer has more than one Content-Length")
		}
		told = true
		n, err = strconv.Atoi(f.Value)
		if err != nil || strings.Trim(f.Value, "0123456789") != "" || n > answerBody {
			return 0, true, wrong("the answer's Content-Length is %s", shorten(f.Value))
		}
	}
	return n, told, nil
}

// readChunks is RFC 9112 section 7.1. Trailers are read and dropped.
func (a *Answer) readChunks(r *bufio.Reader) error {
	var body strings.Builder
	for {
		room := answerHead
		line, err := readLine(r, &room)
		if err != nil {
			return inside(err)
		}
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || body.Len()+int(size) > answerBody {
			return wrong("a chunk begins with %s and not with its size", shorten(line))
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(&body, r, int64(size)); err != nil {
			return inside(err)
		}
		if line, err = readLine(r, &room); err != nil || line != "" {
			return wrong("a chunk of %d bytes is followed by %s and not by a line's end", size, shorten(line))
		}
	}
	a.Body = body.String()
	for room := answerHead; ; {
		line, err := readLine(r, &room)
		if err != nil || line == "" {
			return inside(err)
		}
	}
}

// readLine reads up to CRLF and takes the line's bytes off the room that a head has.
func readLine(r *bufio.Reader, room *int) (string, error) {
	var line []byte
	for {
		b, err := r.ReadByte()
		if err != nil {
			if len(line) > 0 {
				err = inside(err)
			}
			return "", err
		}
		if *room--; *room < 0 {
			return "", wrong("the answer's head has more than %d bytes", answerHead)
		}
		if b != '\n' {
			line = append(line, b)
			continue
		}
		text, carriage := strings.CutSuffix(string(line), "\r")
		if !carriage || strings.Contains(text, "\r") {
			return "", wrong("the line %s does not end with CR LF (RFC 9112 section 2.2)", shorten(string(line)))
		}
		return text, nil
	}
}

// inside makes the connection's end an error of its own when it comes in the middle of an answer.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func wrong(format string, args ...any) error { return fmt.Errorf("answer: "+format, args...) }

// printable: no control characters but the tab (RFC 9110 section 5.5).
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

// token is RFC 9110 section 5.6.2.
func token(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}
