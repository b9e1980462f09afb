package conform

import (
	"regexp"
	"strconv"
	"strings"
)

// A question is what the specimen understood of a request.
type question struct {
	method, target string
	minor          int
	fields         []Field
	body           []byte
	close          bool
	keep           bool // an HTTP/1.0 client asked to be kept
	refused        int  // the status to refuse with; negative: end in silence
}

var (
	requestLine = regexp.MustCompile(`^([!#$%&'*+.^_|~0-9A-Za-z-]+) ((?:/|http://)[!-~]*) (HTTP/\d\.\d)$`)
	fieldLine   = regexp.MustCompile("^([!#$%&'*+.^_|~0-9A-Za-z-]+):[ \t]*([\t -~]*)$")
	decimalOnly = regexp.MustCompile(`^\d+$`)
	chunkSize   = regexp.MustCompile(`^([0-9A-Fa-f]+)(;.*)?$`)
)

// parse reads a head by regular expressions: slow, and easy to compare with the grammar of the RFC.
func (v *visit) parse(head string) *question {
	q := &question{}
	lines := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
	m := requestLine.FindStringSubmatch(lines[0])
	if m == nil {
		q.refused = 400
		return q
	}
	q.method, q.target = m[1], m[2]
	switch m[3] {
	case "HTTP/1.1":
		q.minor = 1
	case "HTTP/1.0":
	default:
		q.refused = 505
		return q
	}
	for _, line := range lines[1:] {
		m := fieldLine.FindStringSubmatch(line)
		if m == nil {
			q.refused = 400
			return q
		}
		q.fields = append(q.fields, Field{m[1], strings.TrimRight(m[2], " \t")})
	}
	q.refused = v.judge(q)
	connection := strings.ToLower(q.get("connection"))
	if v.s.fault == "names-in-one-case" {
		connection = ""
		for _, f := range q.fields {
			if f.Name == "Connection" {
				connection = f.Value
			}
		}
	}
	q.close = strings.Contains(connection, "close") && v.s.fault != "ignores-close" || v.s.fault == "closes-always"
	if q.minor == 0 {
		q.keep = strings.Contains(connection, "keep-alive") && v.s.fault != "closes-old-clients"
		q.close = !q.keep && v.s.fault != "keeps-old-clients"
	}
	return q
}

// judge finds the reason to refuse a head that is well-formed line by line.
func (v *visit) judge(q *question) int {
	fields := fieldLimit
	switch v.s.fault {
	case "few-fields":
		fields = 64
	case "any-fields":
		fields *= 10
	}
	hosts, lengths, codings := q.count("host"), q.count("content-length"), q.count("transfer-encoding")
	switch {
	case len(q.fields) > fields:
		return 431
	case hosts > 1, hosts == 0 && q.minor == 1, lengths > 1, lengths == 1 && codings > 0:
		return 400
	case lengths == 1 && !decimalOnly.MatchString(q.get("content-length")):
		return 400
	case codings > 0 && q.minor == 0:
		return 400
	case codings > 0 && (q.get("transfer-encoding") != "chunked" || v.s.fault == "no-chunks"):
		return 501
	case q.get("expect") != "" && q.get("expect") != "100-continue":
		return 417
	case v.s.fault == "no-absolute-form" && q.target[0] != '/':
		return 400
	}
	return 0
}

// readBody brings the body in, and returns 0 or the status to refuse with.
func (v *visit) readBody(q *question) int {
	chunked := q.count("transfer-encoding") > 0
	if v.s.fault == "ignores-bodies" || !chunked && q.count("content-length") == 0 {
		return 0
	}
	limit := uint64(bodyLimit)
	switch v.s.fault {
	case "small-bodies":
		limit = 64 << 10
	case "any-body":
		limit <<= 10
	}
	length, err := strconv.ParseUint(q.get("content-length"), 10, 64)
	if !chunked && (err != nil || length > limit) {
		return 413
	}
	if v.s.fault == "answers-at-the-head" {
		q.body = make([]byte, length)
		return 0
	}
	asked := q.get("expect") != "" && v.s.fault != "never-continues" && q.minor == 1 && len(v.pending) == 0
	if asked || v.s.fault == "continues-for-old-clients" {
		v.conn.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	v.expect(v.s.request)
	v.charged = 0
	defer func() {
		if v.s.fault != "budget-never-given-back" {
			v.s.held.Add(-v.charged)
		}
		v.charged = -1
	}()
	status := 0
	if chunked {
		status = v.readChunks(q, limit)
	} else {
		q.body, status = v.take(int(length))
	}
	if status < 0 && v.s.fault == "takes-cut-bodies" {
		q.body, status = v.pending, 0
	}
	if status == 408 && v.s.fault == "mute-at-the-end" {
		return -1
	}
	return status
}

func (v *visit) readChunks(q *question, limit uint64) int {
	for {
		line, status := v.line()
		if status != 0 {
			return status
		}
		m := chunkSize.FindStringSubmatch(line)
		if m == nil {
			return 400
		}
		size, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil || uint64(len(q.body))+size > limit {
			return 413
		}
		if size == 0 {
			break
		}
		b, status := v.take(int(size))
		if status != 0 {
			return status
		}
		q.body = append(q.body, b...)
		if line, status = v.line(); status != 0 || line != "" {
			return max(status, 400)
		}
	}
	for {
		if line, status := v.line(); status != 0 || line == "" {
			return status
		}
	}
}

func (q *question) get(name string) string {
	a := Answer{Fields: q.fields}
	value, _ := a.Get(name)
	return value
}

func (q *question) count(name string) (n int) {
	for _, f := range q.fields {
		if strings.EqualFold(f.Name, name) {
			n++
		}
	}
	return n
}
