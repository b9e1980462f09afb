package comet

import (
	"strconv"

	"example.com/c10k/01-blocking/http1"
)

// The contract of 2009. Answers are decimal numbers without a line end.

// wait waits for a notify, for as long as it takes; the body is how many it woke.
func (f *face) wait(*http1.Request) *http1.Response {
	return f.number(f.Hub.Wait())
}

// notify wakes everybody who waits; the body is how many those were.
func (f *face) notify(*http1.Request) *http1.Response {
	return f.number(f.Hub.Notify())
}

// count says how many wait.
func (f *face) count(*http1.Request) *http1.Response {
	return f.number(f.Hub.Count())
}

func (f *face) number(n int, err error) *http1.Response {
	if err != nil {
		return f.refused(err)
	}
	return &http1.Response{Type: plainText, Body: strconv.AppendInt(make([]byte, 0, 20), int64(n), 10)}
}
