package http1

// maxSizeDigits bounds a chunk's size: 16 hexadecimal digits are 64 bits, and nobody needs more.
const maxSizeDigits = 16

// dechunk decodes a chunked body (RFC 9112 section 7.1) where it lies: the data of each chunk moves
// down to the end of what has been decoded, so that the body is one slice behind its head. It returns
// where the message ends, or 0 if more is needed; then what could be decoded has been.
func (p *pending) dechunk() (int, *Error) {
	p.Keep() // it is written to, and what is lent is not
	to := p.head + p.body
	at := to // the rest of the message; it moves away from `to` by what is not data
	for {
		switch p.part {
		case inData:
			n := min(p.chunk, len(p.bytes)-at)
			copy(p.bytes[to:], p.bytes[at:at+n])
			to, at, p.chunk, p.body = to+n, at+n, p.chunk-n, p.body+n
			if p.chunk > 0 {
				return p.undecoded(to, at)
			}
			p.part = afterData

		case afterData:
			if rest := p.bytes[at:]; len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
				return 0, errChunkEnd
			} else if len(rest) < 2 {
				return p.undecoded(to, at)
			}
			at += 2
			p.part, p.searched = inSize, int32(at)

		default: // a line: a size, or a trailer
			end, err := p.lineEnd(at)
			if err != nil {
				return 0, err
			}
			if end == 0 {
				return p.undecoded(to, at)
			}
			line := p.bytes[at:end]
			at = end + 2
			p.searched = int32(at)
			if p.part == inTrailers && len(line) == 0 {
				return at, nil
			}
			if err := p.chunkLine(line); err != nil {
				return 0, err
			}
		}
	}
}

// undecoded closes the gap between what has been decoded and what could not be yet. That rest is short:
// less than a line.
func (p *pending) undecoded(to, at int) (int, *Error) {
	if at == to {
		return 0, nil // not even to itself: a line that comes byte by byte would be copied for each
	}
	rest := copy(p.bytes[to:], p.bytes[at:])
	p.bytes = p.bytes[:to+rest]
	p.searched -= int32(at - to)
	return 0, nil
}

// lineEnd returns where the line that begins at `at` has its CR, or 0 if more is needed.
func (p *pending) lineEnd(at int) (int, *Error) {
	i := control(p.bytes, int(p.searched))
	if i-at > p.limits.Head-int(p.extra)+maxSizeDigits {
		return 0, errExtraLimit
	}
	if i < len(p.bytes) && p.bytes[i] != '\r' {
		return 0, refuseControl(p.bytes[i])
	}
	if i+1 >= len(p.bytes) {
		p.searched = int32(i)
		return 0, nil
	}
	if p.bytes[i+1] != '\n' {
		return 0, errBareCR
	}
	return i, nil
}

// chunkLine reads a size, with an extension that is ignored, or a trailer, which is dropped. Both cost
// nothing but time; for that they share a bound, which is the head's.
func (p *pending) chunkLine(line []byte) *Error {
	digits := 0
	if p.part == inTrailers {
		if _, err := fieldName(line, 0); err != nil {
			return err
		}
	} else {
		size := int64(0)
		for ; digits < len(line) && digits < maxSizeDigits; digits++ {
			v, ok := hexadecimal(line[digits])
			if !ok {
				break
			}
			if size <= int64(p.limits.Body) { // it stops growing where it is too large
				size = size<<4 | v
			}
		}
		extension := trim(line[digits:])
		if digits == 0 || digits < len(line) && (len(extension) == 0 || extension[0] != ';') {
			return errChunkSize
		}
		if int64(p.body)+size > int64(p.limits.Body) {
			return errBodyLimit
		}
		p.chunk, p.part = int(size), inData
		if size == 0 {
			p.part = inTrailers
		}
	}
	p.extra += int32(len(line) - digits)
	if int(p.extra) > p.limits.Head {
		return errExtraLimit
	}
	return nil
}

func hexadecimal(c byte) (int64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int64(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int64(c|0x20-'a') + 10, true
	}
	return 0, false
}
