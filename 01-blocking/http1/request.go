package http1

import "bytes"

// Framing is what the answer must know of r. Take it before the handler is called: r is lent.
func (r *Request) Framing() Framing {
	return Framing{Minor: r.Minor, Head: string(r.Method) == "HEAD", Close: r.Close}
}

// Path is the target without its query: "/wait" of "/wait?x=1" and of "http://host/wait". It is "*" for
// OPTIONS *, and never empty. Percent signs are left as they were sent: who compares names must decode
// them, who compares with "/wait" need not. The bytes are lent.
func (r *Request) Path() []byte {
	path, _, _ := bytes.Cut(r.local(), question)
	if len(path) == 0 {
		return root // RFC 9110 section 4.2.3: no path means "/"
	}
	return path
}

// Query is what follows the first question mark of the target, nil if there is none. The bytes are lent.
func (r *Request) Query() []byte {
	_, query, _ := bytes.Cut(r.local(), question)
	return query
}

// Get returns the value of the first field of that name, which is given in lower case ("content-type");
// field names are compared without regard to case (RFC 9110 section 5.1). The value is lent.
func (r *Request) Get(name string) ([]byte, bool) { return get(r.Header, name) }

func get(header []Field, name string) ([]byte, bool) {
	for i := range header {
		if equalFold(header[i].Name, name) {
			return header[i].Value, true
		}
	}
	return nil, false
}

// local is the target without scheme and authority: absolute-form is for proxies, but every server must
// understand it (RFC 9112 section 3.2.2).
func (r *Request) local() []byte {
	t := r.Target
	if len(t) == 0 || t[0] == '/' {
		return t
	}
	if i := schemeEnd(t); i > 0 {
		t = t[i:]
		if j := bytes.IndexAny(t, "/?"); j >= 0 {
			return t[j:]
		}
		return nil
	}
	return t // "*"
}

var (
	question = []byte("?")
	root     = []byte("/")
)

// schemeEnd is the length of a leading "http://" or "https://", in any case, and otherwise 0.
func schemeEnd(t []byte) int {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(t) > len(scheme) && equalFold(t[:len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}
