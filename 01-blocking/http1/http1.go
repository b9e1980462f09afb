// Package http1 is HTTP/1.1 without input or output: bytes in, requests out; an answer in, bytes out.
// And the same for the client's half.
//
// The caller reads from wherever it likes and hands over what it got ([Parser.Feed]); the parser gives
// back one request after the other ([Parser.Next]) until it says "need more" with (nil, nil). Because it
// never waits, the same parser serves a thread, a callback and a coroutine, and every test can feed it
// byte by byte.
//
// Bytes are lent. A parser holds on to the caller's buffer only until Next answers "need more", or until
// [Parser.Keep]; then it has copied the little that is pending, and the buffer may be filled again. A
// [Request] is lent in the same way: it is good until the next Next of the parser that made it, and no
// longer than the buffer it came in.
//
// What this package does not do: no I/O, no clock (the Date comes from the caller), no goroutine, no
// trailers kept, no Upgrade, no obsolete line folding. What cannot be framed without doubt is refused,
// because two programs that disagree about where a request ends are a security hole (RFC 9112 section 11.2).
package http1

// A Handler answers a request. It may wait, if its model lets it, and must copy what it needs of the
// request before it does: the request is lent. What it returns is read, never written, so a constant
// answer may be shared by everybody; nil is answered with 500.
type Handler func(*Request) *Response

// A Field is one header line. Both slices are lent.
type Field struct{ Name, Value []byte }

// A Request is one request, whole: its body has arrived. All its bytes are lent.
type Request struct {
	Method []byte  // as sent; methods are case-sensitive (RFC 9110 section 9.1)
	Target []byte  // as sent: "/wait?x=1", "http://host/wait", "*"
	Minor  int     // 1 for HTTP/1.1, 0 for HTTP/1.0
	Header []Field // in the order of arrival
	Body   []byte  // nil if there is none
	Close  bool    // the connection ends after the answer
}

// Framing is what the answer to a request must know of it, small enough to keep while the request,
// which is lent, is long gone.
type Framing struct {
	Minor int  // an HTTP/1.0 client must be told that the connection is kept
	Head  bool // to HEAD the head is sent as to GET, and no body
	Close bool // the connection ends after this answer
}

// A Response is an answer. It is only read: a handler may return the same one for ever.
type Response struct {
	Status int    // 200 if 0
	Type   string // Content-Type; none if empty
	Header []Pair // further fields: Allow, Retry-After
	Body   []byte // Content-Length is its length
	Close  bool   // end the connection after this answer

	// Stream, if it is not nil, sends the body instead of Body. It is called once, after the head, by the
	// strand that called the handler, and may wait; the request is no longer lent by then. If it returns an
	// error the connection ends before the body does, so that the client sees that something is missing. It
	// is called even if nobody is there to send to, or no body is wanted: then Send fails at once, and Stream
	// can give back what it holds.
	Stream func(Sender) error
	Length int64 // bytes that Stream will send; 0: that is not known, see Framing.Chunked
}

// A Pair is a header field of an answer. The values are the program's own: the writer does not look for
// line ends in them.
type Pair struct{ Name, Value string }
