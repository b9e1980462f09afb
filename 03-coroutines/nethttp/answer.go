package nethttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"example.com/c10k/01-blocking/http1"
)

// An answer is what both kinds of http.ResponseWriter have in common: the head. Only the handler's strand
// touches it until its head is passed on.
type answer struct {
	live    http.Header // the handler's, which may change it for as long as it likes
	sealed  http.Header // as it was at WriteHeader; what comes later is too late
	status  int         // 0: not said yet
	length  int64       // the Content-Length that the handler promised; -1: none
	written int64       // bytes of body that it wrote
}

func newAnswer() answer { return answer{live: make(http.Header), length: -1} }

// Header is the http.ResponseWriter's.
func (a *answer) Header() http.Header { return a.live }

// WriteHeader is the http.ResponseWriter's: the first final status counts, and with it the header as it is
// now. Interim ones are dropped. A status that is none panics, as with net/http.
func (a *answer) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("nethttp: invalid WriteHeader code %d: use 100 to 999", status))
	case status == http.StatusSwitchingProtocols:
		panic("nethttp: WriteHeader(101): connections are not upgraded here")
	case status < 200 || a.status != 0:
		return
	}
	a.status, a.sealed = status, a.live.Clone()
	if a.sealed == nil {
		a.sealed = make(http.Header)
	}
	if promised, err := strconv.ParseInt(a.sealed.Get("Content-Length"), 10, 64); err == nil && promised >= 0 {
		a.length = promised
	}
}

// admit judges n bytes that the handler is about to write.
func (a *answer) admit(n int) error {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	switch {
	case n == 0:
		return nil
	case a.status == http.StatusNoContent || a.status == http.StatusNotModified:
		return http.ErrBodyNotAllowed
	case a.length >= 0 && a.written+int64(n) > a.length:
		return http.ErrContentLength
	}
	a.written += int64(n)
	return nil
}

// ours are the fields that the connection's server decides on; a handler has no say in them. What remains
// of its Connection is the wish to close.
var ours = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Content-Length": true, "Date": true,
}

// response makes our response of the head and of the beginning of the body, or of all of it if whole. If
// the body is not whole, or is not what the head promised, the caller has to add a Stream.
func (a *answer) response(body []byte, whole bool) *http1.Response {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	r := &http1.Response{Status: a.status, Close: hasClose(a.sealed["Connection"])}
	if _, typed := a.sealed["Content-Type"]; !typed && len(body) > 0 && a.sealed.Get("Content-Encoding") == "" {
		a.sealed.Set("Content-Type", http.DetectContentType(body))
	}
	if a.status == http.StatusNotModified {
		a.sealed.Del("Content-Type") // of a body that is not sent
	}
	r.Header = pairs(a.sealed)
	switch {
	case whole && (a.length < 0 || a.length == int64(len(body))):
		r.Body = body
	default: // of HEAD, the length that a body would have; of anything else, what is to come
		r.Length = max(0, a.length)
		r.Stream = func(s http1.Sender) error { return s.Send(body) }
	}
	return r
}

// pairs are the handler's fields in the order of their names. net/http writes them, because it knows what
// to leave out: names that are none, and line ends in values, with which a client that can make a handler
// repeat something would write fields of its own.
func pairs(h http.Header) []http1.Pair {
	var text strings.Builder
	h.WriteSubset(&text, ours)
	var list []http1.Pair
	for line := range strings.SplitSeq(text.String(), "\r\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			list = append(list, http1.Pair{Name: name, Value: value})
		}
	}
	return list
}

func hasClose(connection []string) bool {
	for _, value := range connection {
		for option := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "close") {
				return true
			}
		}
	}
	return false
}
