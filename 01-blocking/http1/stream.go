package http1

import (
	"errors"
	"io" // a file's interface; nothing is read here
)

// A Sender takes the pieces of a body that is streamed. It belongs to the strand that it was given to.
type Sender interface {
	// Send passes a piece on, and waits while the client takes none; b may be overwritten after it
	// returns. An empty piece is nothing. An error says that the client is gone or too slow, that it was
	// promised another Length, or that it wants no body ([ErrNoBody]); every further Send returns it again.
	Send(b []byte) error

	// SendFile passes on n bytes of a file, from offset on, without holding more than a piece of them in
	// memory; of an *os.File none, where system and engine can do that (sendfile(2)). A file that ends too
	// early is io.ErrUnexpectedEOF.
	SendFile(file io.ReaderAt, offset, n int64) error
}

// ErrNoBody is what Send returns when the request was HEAD, or the status allows no body.
var ErrNoBody = errors.New("http1: this answer has no body: return from Stream")

// Streams tells whether what r's Stream sends is to follow the head.
func (f Framing) Streams(r *Response) bool { return r.Stream != nil && !f.Head && !bodiless(r.Status) }

// Chunked tells whether r's body goes out in chunks: it is streamed, nobody knows how long it will be, and
// the client speaks HTTP/1.1. One that speaks HTTP/1.0 learns from the connection's end that it is over
// (RFC 9112 section 6.3).
func (f Framing) Chunked(r *Response) bool { return r.Stream != nil && r.Length == 0 && f.Minor > 0 }

// Ends tells whether the connection ends after r.
func (f Framing) Ends(r *Response) bool {
	return f.Close || r.Close || r.Stream != nil && r.Length == 0 && f.Minor == 0
}

// AppendChunkSize appends the line that goes before a chunk of n bytes, 1 or more. Behind the chunk goes
// [ChunkEnd], and behind the last of them [LastChunk].
func AppendChunkSize(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for n>>shift > 0xf {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&0xf])
	}
	return append(dst, "\r\n"...)
}

// What ends a chunk, and what ends a body of chunks (RFC 9112 section 7.1). No trailers are sent.
var (
	ChunkEnd  = []byte("\r\n")
	LastChunk = []byte("0\r\n\r\n")
)
