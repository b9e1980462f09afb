package http1

import (
	"encoding/binary"
	"math/bits"
)

// A class says of every byte whether it belongs: one load for a decision.
type class [256]bool

func classOf(bytes string) (c class) {
	for _, b := range []byte(bytes) {
		c[b] = true
	}
	return c
}

// all tells whether every byte belongs to the class.
func all(b []byte, c *class) bool {
	for _, x := range b {
		if !c[x] {
			return false
		}
	}
	return true
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var (
	// token: methods and field names (RFC 9110 section 5.6.2).
	token = classOf(alphanumeric + "!#$%&'*+-.^_`|~")

	// host: a name, an IPv4 address or an IPv6 address in brackets, and a port (RFC 3986 section 3.2.2).
	host = classOf(alphanumeric + "-._~%!$&'()*+,;=:[]")

	// target: all that is visible in ASCII. The grammar (RFC 3986) is narrower, but browsers send "|" and
	// a double quote as they are, and none of these can move the end of the line. A "#" begins a
	// fragment, which is never sent; a byte above 0x7f must be percent-encoded.
	target = visibleASCII()
)

func visibleASCII() (c class) {
	for b := 0x21; b <= 0x7e; b++ {
		c[b] = b != '#'
	}
	return c
}

// control returns where the first control character of b[i:] is, a tab not counted, or len(b). These
// are the bytes below 0x20 and DEL; whatever else is in a line may be in a field's value (RFC 9110
// section 5.5), so the first control character is the line's end, or a fault.
//
// It looks at eight bytes at a time.
func control(b []byte, i int) int {
	rest := b[i:]
	for len(rest) >= 8 {
		marks := controls(binary.LittleEndian.Uint64(rest))
		if marks == 0 {
			rest = rest[8:]
			continue
		}
		n := bits.TrailingZeros64(marks) / 8
		if rest[n] != '\t' {
			return len(b) - len(rest) + n
		}
		rest = rest[n+1:]
	}
	for n, c := range rest {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return len(b) - len(rest) + n
		}
	}
	return len(b)
}

// controls marks the control characters among eight bytes: it sets the highest bit of each that is one.
//
// Without its highest bit a byte is at most 0x7f, so nothing is carried into its neighbour when 0x60 is
// added, which sets that bit again if the byte was 0x20 or more, and when 1 is added, which sets it if the
// byte was DEL. A byte that came with its highest bit is no control character.
func controls(w uint64) uint64 {
	const ones = 0x0101010101010101
	const high = 0x80 * ones
	low := w &^ high
	return (^(low + 0x60*ones) | (low + ones)) &^ w & high
}

// refuseControl names the fault of a control character that is not the CR of a CR LF.
func refuseControl(c byte) *Error {
	switch c {
	case '\n':
		return errBareLF
	case '\r':
		return errBareCR
	case 0:
		return errNUL
	}
	return errControl
}

// equalFold compares with a name in lower case that has no other bytes than letters, digits and "-:/.". Setting
// 0x20 makes capitals small and leaves all these as they are. What else it would turn into one of them is a
// control character, and none gets as far as here.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// trim takes spaces and tabs off both ends (OWS, RFC 9110 section 5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// element takes the next element off a comma-separated list; empty ones are skipped, as RFC 9110 section
// 5.6.1.2 demands of a recipient. An empty element is the list's end.
func element(list []byte) (first, rest []byte) {
	for len(list) > 0 {
		n := 0
		for n < len(list) && list[n] != ',' {
			n++
		}
		first, rest = trim(list[:n]), list[min(n+1, len(list)):]
		if len(first) > 0 {
			return first, rest
		}
		list = rest
	}
	return nil, nil
}
