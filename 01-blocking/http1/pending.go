package http1

// pending is what the two parsers have in common: the bytes that were fed and are not used up, whose
// they are, and where in a message they stand. It holds no memory when nothing is pending.
//
// Nothing is parsed twice for having come in pieces: `searched` remembers where the search for the end
// of a head stopped, and a body is not looked at before it is whole. Only when a body did not come with
// its head, the head is parsed once more at the end, because meanwhile another connection has used the
// request that they share.
type pending struct {
	limits   *Limits
	bytes    []byte // lent by the caller, or ours
	head     int    // length of the head, once it is whole
	body     int    // Content-Length; or, of a chunked body, how many bytes have been decoded
	chunk    int    // bytes of data that are missing of the current chunk
	charged  int    // taken from the budget
	searched int32  // bytes[:searched] have been searched for the line end, or head's end, that is awaited
	extra    int32  // bytes of chunk extensions and trailers so far
	part     part
	blank    uint8 // empty lines before the request
	owned    bool  // bytes are ours: nobody else writes there
	cut      bool  // ours, but the front was given away with the message before
	expects  bool  // 100-continue
}

// A part of a message.
type part uint8

const (
	inHead      part = iota
	inSized          // a body of known length
	inSize           // the line before a chunk's data
	inData           // a chunk's data
	afterData        // the CR LF behind it
	inTrailers       // field lines behind the last chunk
	inUnbounded      // a body that ends with the stream; answers only
)

// Feed lends b to the parser, until Next says that it needs more, or Keep. What is pending comes before.
func (p *pending) Feed(b []byte) {
	if len(p.bytes) == 0 {
		p.bytes, p.owned, p.cut = b, false, false
		return
	}
	p.own(len(b))
	p.bytes = append(p.bytes, b...)
}

// Keep copies what is pending, because the buffer that was fed last is about to be used again. The
// message given out last stays where it is: if it was in that buffer, it goes with it.
func (p *pending) Keep() {
	if !p.owned {
		p.own(0)
	}
}

// Buffered is how many bytes are pending: fed, and not yet part of a message that was given out.
func (p *pending) Buffered() int { return len(p.bytes) }

// Release gives back what the connection holds, at its end. The parser must not be used after it.
func (p *pending) Release() {
	p.uncharge()
	p.bytes, p.owned = nil, false
}

// own makes the bytes ours, with room for n more.
func (p *pending) own(n int) {
	need := len(p.bytes) + n
	if need == 0 {
		p.bytes, p.owned = nil, false
		return
	}
	if p.owned && need <= cap(p.bytes) {
		return
	}
	room := need
	if p.owned { // it grows, and may grow again: twice as much, but no more than will ever be needed
		room = max(need, 2*len(p.bytes))
		if p.part == inSized {
			room = max(need, min(room, p.head+p.body))
		}
	}
	ours := make([]byte, len(p.bytes), room)
	copy(ours, p.bytes)
	p.bytes, p.owned, p.cut = ours, true, false
}

// hold is the end of a Next that needs more: nothing of the caller's buffer may be held after it.
func (p *pending) hold() *Error {
	if len(p.bytes) == 0 {
		p.bytes, p.owned = nil, false
		return nil
	}
	if p.cut { // a small rest must not keep the memory of a large message
		p.owned, p.cut = false, false
	}
	p.Keep()
	if p.part == inHead || p.limits.Bodies == nil {
		return nil
	}
	if more := cap(p.bytes) - p.charged; more > 0 {
		if !p.limits.Bodies.take(more) {
			return errBudget
		}
		p.charged += more
	}
	return nil
}

func (p *pending) uncharge() {
	if p.charged > 0 {
		p.limits.Bodies.give(p.charged)
		p.charged = 0
	}
}

// give ends a message: it takes the body out, and everything before `end`. What is left belongs to the
// next message. The memory stays charged until then, for the message is still in use.
func (p *pending) give(end int) (body []byte) {
	if p.body > 0 {
		body = p.bytes[p.head : p.head+p.body : p.head+p.body]
	}
	p.bytes = p.bytes[end:]
	p.cut = p.owned
	p.part, p.searched, p.extra, p.blank, p.expects = inHead, 0, 0, 0, false
	return body
}

// headEnd searches for the empty line, from where the last search stopped. It returns the length of the
// head, or 0 if more is needed. Control characters are refused as soon as they are seen; all else is
// judged when the head is whole. So a fault does not depend on how the bytes were cut.
func (p *pending) headEnd() (int, *Error) {
	b := p.window()
	i := int(p.searched)
	for {
		i = control(b, i)
		if i < len(b) && b[i] != '\r' {
			return 0, refuseControl(b[i])
		}
		if i+1 >= len(b) {
			break
		}
		if b[i+1] != '\n' {
			return 0, errBareCR
		}
		if i > 0 && b[i-1] == '\n' { // every LF before i is the end of a line
			return i + 2, nil
		}
		i += 2
	}
	if len(b) == p.limits.Head {
		return 0, errHeadLimit
	}
	p.searched = int32(i)
	return 0, nil
}

// window is the part of the bytes in which a head must end.
func (p *pending) window() []byte { return p.bytes[:min(len(p.bytes), p.limits.Head)] }

// bodyEnd returns where the message ends, whose head is whole, or 0 if more is needed.
func (p *pending) bodyEnd() (int, *Error) {
	if len(p.bytes) > p.head {
		p.expects = false // the body has begun: the client waits no longer
	}
	switch p.part {
	case inSized:
		if end := p.head + p.body; end <= len(p.bytes) {
			return end, nil
		}
		return 0, nil
	case inUnbounded:
		if len(p.bytes)-p.head > p.limits.Body {
			return 0, errBodyLimit
		}
		return 0, nil
	}
	return p.dechunk()
}
