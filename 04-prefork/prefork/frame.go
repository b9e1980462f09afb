package prefork

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What travels on a link is a sequence of frames: one byte of type, four bytes of length (big endian),
// the payload. The type's highest bit says that descriptors ride on the frame. They travel outside the
// bytes (unix(7), SCM_RIGHTS), and the bit is what joins the two again.
//
// Types 1 to 15 are the master's own language:
const (
	typeReady      byte = 1 // worker to master: I serve. No payload.
	typeDrain      byte = 2 // master to worker: accept nothing more, finish, exit 0. No payload.
	typeConnection byte = 3 // master to worker, with one descriptor: serve it. The payload is what was read from it.
	typeTaken      byte = 4 // worker to master: the oldest connection that I had not told of is mine now. No payload.
	typeLeaving    byte = 5 // worker to master: I was told to end; drain me. No payload.
	typePing       byte = 6 // master to worker: do you still run? No payload.
	typePong       byte = 7 // worker to master: yes. No payload.

	// FirstApplicationType and LastApplicationType bound the types that an Application may use.
	FirstApplicationType byte = 16
	LastApplicationType  byte = 127

	// withDescriptors is the bit that says so.
	withDescriptors byte = 1 << 7
)

const (
	headerSize = 1 + 4

	// MaxPayload bounds a frame, in bytes: what a piece of history may need, and what a receiver may
	// have to allocate for one.
	MaxPayload = 1 << 20

	// MaxDescriptors bounds what rides on one frame. Linux takes 253 (SCM_MAX_FD), others fewer. It is
	// even because a control message's room is rounded up to 8 bytes, two descriptors, and the bound
	// should be the same on both sides.
	MaxDescriptors = 16
)

// errFrameTooLong ends a link: where the next frame would begin is unknown.
var errFrameTooLong = errors.New("prefork: a frame with more than MaxPayload bytes: the two ends of the link do not speak the same language")

// A frame is one message.
type frame struct {
	typ         byte // without the bit
	payload     []byte
	descriptors []int
	rides       bool // descriptors belong to it
}

// mustBeApplicationType panics for a type that is not the caller's to send: that is a mistake in the
// program, not in the world.
func mustBeApplicationType(typ byte) {
	if typ < FirstApplicationType || typ > LastApplicationType {
		panic(fmt.Sprintf("prefork: frame type %d: use FirstApplicationType (%d) to LastApplicationType (%d)",
			typ, FirstApplicationType, LastApplicationType))
	}
}

// appendFrame appends a frame to dst. The payload is at most MaxPayload bytes.
func appendFrame(dst []byte, typ byte, payload []byte) []byte {
	dst = append(dst, typ)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(payload)))
	return append(dst, payload...)
}

// A decoder turns bytes into frames, however they were cut on the way. The zero value is ready.
type decoder struct {
	input   []byte // lent by feed
	header  [headerSize]byte
	have    int    // bytes of header
	payload []byte // made when the header is whole
	filled  int    // bytes of payload
}

// feed lends b until next has said "need more".
func (d *decoder) feed(b []byte) { d.input = b }

// next returns the next frame. false means that more bytes are needed, and that nothing of what was fed
// is held any longer; an error is final. A payload is the caller's to keep.
func (d *decoder) next() (f frame, ok bool, err error) {
	if d.have < headerSize {
		n := copy(d.header[d.have:], d.input)
		d.have, d.input = d.have+n, d.input[n:]
		if d.have < headerSize {
			return frame{}, false, nil
		}
		length := binary.BigEndian.Uint32(d.header[1:])
		if length > MaxPayload {
			return frame{}, false, errFrameTooLong
		}
		d.payload, d.filled = make([]byte, length), 0
	}
	n := copy(d.payload[d.filled:], d.input)
	d.filled, d.input = d.filled+n, d.input[n:]
	if d.filled < len(d.payload) {
		return frame{}, false, nil
	}
	f = frame{typ: d.header[0] &^ withDescriptors, payload: d.payload, rides: d.header[0]&withDescriptors != 0}
	d.have, d.payload = 0, nil
	return f, true, nil
}

// pending is what has come of the frame that is still incomplete, as it came.
func (d *decoder) pending() []byte {
	b := append([]byte(nil), d.header[:d.have]...)
	if d.have == headerSize {
		b = append(b, d.payload[:d.filled]...)
	}
	return b
}

// awaits tells whether the frame that is still incomplete is one that descriptors ride on.
func (d *decoder) awaits() bool { return d.have > 0 && d.header[0]&withDescriptors != 0 }
