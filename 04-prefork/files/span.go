package files

import (
	"fmt"
	"strconv"
	"strings"
)

// A span is a part of a file.
type span struct{ first, length int64 }

// of is the span in the words of Content-Range.
func (s span) of(whole span) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.first, s.first+s.length-1, whole.length)
}

// part decides what is sent: all (200), a part (206), or that there is no such part (416). What cannot be
// understood is not there, and so are several ranges at once: a server may always answer with everything
// (RFC 9110 section 14.2), and a hundred ranges of one byte were an attack once (CVE-2011-3192). HEAD has no
// ranges. With If-Range a part is sent only to those who have the rest of the same file: compared exactly,
// the date too.
func (c *conditions) part(tag, modified string, whole span, head bool) (span, int) {
	wanted, ok := strings.CutPrefix(c.bytes, "bytes=")
	if !ok || head || strings.Contains(wanted, ",") {
		return whole, 200
	}
	if c.ifRange != "" && c.ifRange != tag && c.ifRange != modified {
		return whole, 200
	}
	first, last, ok := strings.Cut(strings.Trim(wanted, " \t"), "-")
	if !ok || first == "" && last == "" {
		return whole, 200
	}
	if first == "" { // the last so many
		n, ok := digits(last)
		if !ok {
			return whole, 200
		}
		n = min(n, whole.length)
		if n == 0 {
			return span{}, 416
		}
		return span{whole.length - n, n}, 206
	}
	from, ok := digits(first)
	to, all := whole.length-1, last == ""
	if !all {
		var good bool
		if to, good = digits(last); !good {
			return whole, 200
		}
	}
	switch {
	case !ok || !all && to < from:
		return whole, 200
	case from >= whole.length:
		return span{}, 416
	}
	to = min(to, whole.length-1)
	return span{from, to - from + 1}, 206
}

// digits reads a number without a sign. One that is too large for int64 is as good as the largest: no file
// has so many bytes.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, _ := strconv.ParseInt(s, 10, 64) // at an overflow it returns the largest
	return n, true
}
