package files

import (
	"strconv"
	"strings"
	"time"

	"example.com/c10k/01-blocking/http1"
)

// conditions are the fields with which a client says what it has (RFC 9110 section 13), and which part it
// wants (section 14). Empty is absent.
type conditions struct {
	ifMatch, ifUnmodified, ifNoneMatch, ifModified string
	bytes, ifRange                                 string
}

func conditionsOf(r *http1.Request) conditions {
	field := func(name string) string { value, _ := r.Get(name); return string(value) }
	return conditions{
		ifMatch: field("if-match"), ifUnmodified: field("if-unmodified-since"),
		ifNoneMatch: field("if-none-match"), ifModified: field("if-modified-since"),
		bytes: field("range"), ifRange: field("if-range"),
	}
}

// check returns 200, 304 or 412, in the order of RFC 9110 section 13.2.2: tags come before dates, as a date
// is only as exact as a second.
func (c *conditions) check(tag string, modified time.Time) int {
	modified = modified.Truncate(time.Second)
	switch {
	case c.ifMatch != "":
		if !matches(c.ifMatch, tag) {
			return 412
		}
	case c.ifUnmodified != "":
		if date, ok := parseDate(c.ifUnmodified); ok && modified.After(date) {
			return 412
		}
	}
	switch {
	case c.ifNoneMatch != "":
		if matches(c.ifNoneMatch, tag) {
			return 304
		}
	case c.ifModified != "":
		if date, ok := parseDate(c.ifModified); ok && !modified.After(date) {
			return 304
		}
	}
	return 200
}

// matches says whether a list of tags has one, or is "*". W/ is for tags that are not exact, and ours are: it
// is what a proxy that compressed the answer may have added, and does not matter for "do I have it already".
func matches(list, tag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimPrefix(strings.Trim(candidate, " \t"), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// tag makes a tag of the time of the last change, in nanoseconds, and the length, as nginx does (in
// seconds): it costs nothing, and is wrong only about a file that was changed twice within a tick of the file
// system's clock and kept its length.
func (v version) tag() string {
	return `"` + strconv.FormatInt(v.modified.UnixNano(), 36) + "-" + strconv.FormatInt(v.size, 36) + `"`
}

func httpDate(t time.Time) string {
	var date http1.Date
	return string(date.At(t))
}

// dateForms are the three that a server must understand (RFC 9110 section 5.6.7); the first is the only one
// that has been sent since 1999.
var dateForms = []string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC}

// parseDate reads a date. What is none is ignored, as if the field were absent.
func parseDate(s string) (time.Time, bool) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
