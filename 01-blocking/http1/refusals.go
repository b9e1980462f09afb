package http1

// An Error is why a message was refused: Next returned it. A server answers with it and closes the
// connection, because where the next request begins is not known any more. The parser returns the same
// value for the same fault, so errors can be compared with ==.
//
// A client that gets one from its [ResponseParser] reads the reason; the status is then 502, what a
// gateway would say of such an answer, or that of a fault which both halves know.
type Error struct {
	Status int    // 400 to 599
	Reason string // names the fault; one line, without a line end
}

func (e *Error) Error() string { return "http1: " + e.Reason }

// Response is the answer to send: the reason as text, and the end of the connection.
func (e *Error) Response() *Response {
	return &Response{Status: e.Status, Type: "text/plain", Body: []byte(e.Reason + "\n"), Close: true}
}

// What both halves refuse.
var (
	errBareLF      = &Error{400, "a line ends with LF alone: lines end with CR LF"}
	errBareCR      = &Error{400, "a CR without LF: lines end with CR LF"}
	errNUL         = &Error{400, "a NUL byte in the head"}
	errControl     = &Error{400, "a control character in the head"}
	errFolded      = &Error{400, "a header line begins with a space: folded lines are obsolete"}
	errNameSpace   = &Error{400, "a space between a field's name and its colon"}
	errName        = &Error{400, "a header line is not NAME: VALUE"}
	errLength      = &Error{400, "Content-Length is not a decimal number"}
	errLengths     = &Error{400, "two different Content-Lengths"}
	errTwoFramings = &Error{400, "both Content-Length and Transfer-Encoding"}
	errNotChunked  = &Error{400, "Transfer-Encoding must be chunked, once and last"}
	errCoding      = &Error{501, "this Transfer-Encoding is unknown here: only chunked is known"}
	errChunkSize   = &Error{400, "a chunk's size is not a hexadecimal number"}
	errChunkEnd    = &Error{400, "a chunk's data is not followed by CR LF"}
	errHeadLimit   = &Error{431, "the head is too large"}
	errFieldLimit  = &Error{431, "the head has too many fields"}
	errExtraLimit  = &Error{431, "the chunk extensions and trailers are too large"}
	errBodyLimit   = &Error{413, "the body is too large"}
	errBudget      = &Error{503, "too many bodies are held at this moment: try again"}
)

// What the server's half refuses.
var (
	errBlankLines  = &Error{400, "too many empty lines before a request"}
	errMethod      = &Error{400, "the method is not a token"}
	errTarget      = &Error{400, "the target has a character that must be percent-encoded"}
	errTargetForm  = &Error{400, "the target is neither a path nor an http URL"}
	errRequestLine = &Error{400, "the request line is not METHOD TARGET HTTP/1.1"}
	errVersion     = &Error{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"}
	errConnect     = &Error{501, "CONNECT: this server is no proxy"}
	errNoHost      = &Error{400, "an HTTP/1.1 request without Host"}
	errTwoHosts    = &Error{400, "more than one Host"}
	errHost        = &Error{400, "Host is not HOST or HOST:PORT"}
	errOldCoding   = &Error{400, "Transfer-Encoding in HTTP/1.0"}
	errExpect      = &Error{417, "the only expectation that can be met is 100-continue"}
)

// What the client's half refuses.
var (
	errStatusLine = &Error{502, "the status line is not HTTP/1.1 STATUS REASON"}
	errInterim    = &Error{502, "too many 1xx answers before the final one"}
	errUpgrade    = &Error{502, "101: an upgrade that nobody asked for"}
	errTruncated  = &Error{502, "the stream ended inside an answer"}
)
