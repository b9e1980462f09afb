package audience

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// chunks takes a stream out of the chunks in which an answer without a length comes (RFC 9112 section 7.1), piece by
// piece as they arrive: package http1 has an answer when it has all of it, and a stream is never all there.
type chunks struct {
	left  int    // bytes of data that this chunk still has
	line  []byte // what has come of a line that is not whole
	part  chunkPart
	ended bool // the last chunk has come, and what follows it
}

type chunkPart uint8

const (
	chunkSize  chunkPart = iota // a line: the size of the data that follows, in hexadecimal digits, and extensions
	chunkData                   //
	chunkAfter                  // an empty line behind the data
	trailers                    // lines up to an empty one, behind the chunk of size 0
)

const (
	// chunkLine bounds a line between chunks: nobody sends more than a size and a word or two.
	chunkLine = 1024

	// chunkMost bounds the size that a chunk may claim: a gigabyte. Its data is not kept, so nothing is allocated.
	chunkMost = 1 << 30
)

var errChunks = errors.New("the chunks of a stream are none")

// next returns the first data in b, and what is left of b behind it. There is no data where b ends before any, and
// after the last chunk. Nothing is written to b, which may be lent.
func (c *chunks) next(b []byte) (data, rest []byte, err error) {
	for len(b) > 0 && !c.ended {
		if c.part == chunkData {
			n := min(c.left, len(b))
			if c.left -= n; c.left == 0 {
				c.part = chunkAfter
			}
			return b[:n], b[n:], nil
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			if c.line = append(c.line, b...); len(c.line) > chunkLine {
				return nil, nil, errChunks
			}
			return nil, nil, nil
		}
		line, whole := bytes.CutSuffix(append(c.line, b[:end]...), []byte("\r"))
		b, c.line = b[end+1:], c.line[:0]
		if !whole || len(line) > chunkLine {
			return nil, nil, errChunks
		}
		if err := c.take(line); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, nil
}

// take takes in a line between the data of chunks.
func (c *chunks) take(line []byte) error {
	switch {
	case c.part == trailers:
		c.ended = len(line) == 0
	case c.part == chunkAfter && len(line) > 0:
		return fmt.Errorf("%w: %.20q follows the data", errChunks, line)
	case c.part == chunkAfter:
		c.part = chunkSize
	default:
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimRight(digits, " \t")), 16, 31)
		if err != nil || size > chunkMost {
			return fmt.Errorf("%w: the size %.20q", errChunks, line)
		}
		if c.left, c.part = int(size), chunkData; size == 0 {
			c.part = trailers
		}
	}
	return nil
}
