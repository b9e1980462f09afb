package http1

import "math"

// parse reads a request's head from the front of b and returns its length, or 0 if b ends before it.
// Slices of b go into r. What the fields say about framing goes into m.
func (r *Request) parse(b []byte, most int, m *meaning) (int, *Error) {
	i := 0
	for i < len(b) && token[b[i]] {
		i++
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != ' ' {
		return 0, errMethod
	}
	r.Method = b[:i:i]

	i++
	start := i
	for i < len(b) && target[b[i]] {
		i++
	}
	switch {
	case i == len(b):
		return 0, nil
	case b[i] == '\r' || i == start:
		return 0, errRequestLine
	case b[i] != ' ':
		return 0, errTarget
	}
	r.Target = b[start:i:i]

	i++
	const versionEnd = len("HTTP/1.1\r\n")
	if len(b)-i < versionEnd {
		return 0, nil
	}
	switch version := b[i : i+versionEnd]; {
	case string(version) == "HTTP/1.1\r\n":
		r.Minor = 1
	case string(version) == "HTTP/1.0\r\n":
		r.Minor = 0
	default:
		return 0, refuseVersion(version)
	}
	var err *Error
	r.Header, i, err = m.fields(b, i+versionEnd, r.Header[:0], most)
	r.Close = m.close || r.Minor == 0 && !m.keepAlive // RFC 9112 section 9.3
	return i, err
}

// refuseVersion tells a version that is not spoken here from what is no version.
func refuseVersion(v []byte) *Error {
	if string(v[:5]) == "HTTP/" && digit(v[5]) && v[6] == '.' && digit(v[7]) && v[8] == '\r' {
		return errVersion
	}
	return errRequestLine
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// meaning is what the fields of one head say about where the message ends, and what comes after it.
type meaning struct {
	length    int  // Content-Length
	sized     bool // there is one
	coded     bool // there is a Transfer-Encoding
	recoded   bool // of more than one element
	chunked   bool // the last of them is chunked, the only one that is known
	unknown   bool // one of them is another
	hosted    bool // there is a Host
	rehosted  bool // there is more than one
	badHost   bool
	expects   bool // 100-continue
	beyond    bool // Expect has another expectation
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
}

// fields reads header lines until the empty one, and returns them behind those of header, and where the head
// ends; 0 if b ends before.
func (m *meaning) fields(b []byte, i int, header []Field, most int) ([]Field, int, *Error) {
	for i+1 < len(b) {
		if b[i] == '\r' && b[i+1] == '\n' {
			return header, i + 2, nil
		}
		start := i
		for i < len(b) && token[b[i]] {
			i++
		}
		if i == len(b) {
			break
		}
		if b[i] != ':' || i == start {
			_, err := fieldName(b, start)
			return header, 0, err
		}
		name := b[start:i:i]
		i++
		for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
			i++
		}
		start = i
		i = control(b, i)
		if i+1 >= len(b) {
			break
		}
		if b[i] != '\r' || b[i+1] != '\n' {
			return header, 0, refuseControl(b[i])
		}
		end := i
		for end > start && (b[end-1] == ' ' || b[end-1] == '\t') {
			end--
		}
		i += 2
		if len(header) == most {
			return header, 0, errFieldLimit
		}
		header = append(header, Field{}) // and filled in place: a Field built first would lie on the stack, and a
		f := &header[len(header)-1]      // coroutine that once needed more than 2 KiB of it keeps 4 while it waits
		f.Name, f.Value = name, b[start:end:end]
		if len(name) < len(framingNames) && framingNames[len(name)] == name[0]|0x20 {
			if err := m.note(f); err != nil {
				return header, 0, err
			}
		}
	}
	return header, 0, nil
}

// fieldName returns where the name that begins at i ends, at its colon, or what is wrong with it.
func fieldName(b []byte, i int) (int, *Error) {
	start := i
	for i < len(b) && token[b[i]] {
		i++
	}
	switch {
	case i < len(b) && b[i] == ':' && i > start:
		return i, nil
	case i == len(b) || b[i] != ' ' && b[i] != '\t':
		return 0, errName
	case i == start:
		return 0, errFolded
	}
	return 0, errNameSpace
}

// framingNames has, at the length of every name that note knows, its first letter: nearly all others end there.
var framingNames = [...]byte{
	len("host"):              'h',
	len("expect"):            'e',
	len("connection"):        'c',
	len("content-length"):    'c',
	len("transfer-encoding"): 't',
}

// note takes from a field what it says about framing.
func (m *meaning) note(f *Field) *Error {
	name, value := f.Name, f.Value
	switch len(name) {
	case len("host"):
		if equalFold(name, "host") {
			m.hosted, m.rehosted = true, m.hosted
			m.badHost = m.badHost || !all(value, &host)
		}
	case len("expect"):
		if equalFold(name, "expect") {
			m.expects = equalFold(value, "100-continue")
			m.beyond = m.beyond || !m.expects
		}
	case len("connection"):
		if equalFold(name, "connection") {
			if string(value) == "keep-alive" { // no list, and spelled as every browser does
				m.keepAlive = true
				return nil
			}
			for e, rest := element(value); len(e) > 0; e, rest = element(rest) {
				m.close = m.close || equalFold(e, "close")
				m.keepAlive = m.keepAlive || equalFold(e, "keep-alive")
			}
		}
	case len("content-length"):
		if equalFold(name, "content-length") {
			return m.noteLength(value)
		}
	case len("transfer-encoding"):
		if equalFold(name, "transfer-encoding") {
			return m.noteCodings(value)
		}
	}
	return nil
}

func (m *meaning) noteLength(value []byte) *Error {
	n, ok := decimal(value)
	if !ok {
		return errLength
	}
	if m.sized && m.length != n {
		return errLengths
	}
	m.sized, m.length = true, n
	return nil
}

func (m *meaning) noteCodings(value []byte) *Error {
	empty := true
	for e, rest := element(value); len(e) > 0; e, rest = element(rest) {
		m.coded, m.recoded, empty = true, m.coded, false
		m.chunked = equalFold(e, "chunked")
		m.unknown = m.unknown || !m.chunked
	}
	if empty { // a list of nothing
		return errNotChunked
	}
	return nil
}

// decimal reads a Content-Length; one that would not fit an int is the largest int, which no limit
// allows. A sign, a space, a list or nothing at all is none.
func decimal(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if !digit(c) {
			return 0, false
		}
		if n > (math.MaxInt-9)/10 {
			n = math.MaxInt
		} else {
			n = n*10 + int(c-'0')
		}
	}
	return n, len(b) > 0
}

// body checks what the head says about the body, for requests and answers alike.
func (m *meaning) body() *Error {
	switch {
	case !m.coded:
		return nil
	case m.sized:
		return errTwoFramings // RFC 9112 section 6.3, point 3: it ought to be handled as an attack
	case m.unknown:
		return errCoding
	case m.recoded || !m.chunked:
		return errNotChunked
	}
	return nil
}
