// Package comet is the HTTP face of a hub: the contract of 2009, across processes.
//
//	GET /wait          waits for a notify; the body is how many it woke
//	GET, POST /notify  wakes everybody; the same number
//	GET, HEAD /        how many wait now
//
// Everything else is 404; a method that a path does not have is 405. Bodies are decimal numbers without
// a line end.
//
// What this package does not do: it parses no HTTP and holds no waiters.
package comet

import (
	"errors"
	"strconv"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/05-comet/hub"
)

const plainText = "text/plain"

// New returns the handler of one process, over its hub.
func New(h *hub.Hub) http1.Handler {
	return func(r *http1.Request) *http1.Response {
		switch string(r.Path()) {
		case "/":
			if m := string(r.Method); m != "GET" && m != "HEAD" {
				return notAllowed("GET, HEAD")
			}
			return number(h.Count())
		case "/wait":
			if string(r.Method) != "GET" {
				return notAllowed("GET")
			}
			return number(h.Wait())
		case "/notify":
			if m := string(r.Method); m != "GET" && m != "POST" {
				return notAllowed("GET, POST")
			}
			return number(h.Notify())
		}
		return &notFound
	}
}

func number(n int, err error) *http1.Response {
	if errors.Is(err, hub.ErrBusy) {
		return &busy
	}
	if err != nil {
		return &stopping
	}
	return &http1.Response{Type: plainText, Body: strconv.AppendInt(make([]byte, 0, 20), int64(n), 10)}
}

var (
	soon     = []http1.Pair{{Name: "Retry-After", Value: "1"}}
	busy     = http1.Response{Status: 503, Type: plainText, Header: soon, Body: []byte("too many notifies are under way\n")}
	stopping = http1.Response{Status: 503, Type: plainText, Header: soon, Body: []byte("the server stops\n"), Close: true}
	notFound = http1.Response{Status: 404, Type: plainText, Body: []byte("here are / /wait /notify\n")}
)

func notAllowed(methods string) *http1.Response {
	return &http1.Response{Status: 405, Type: plainText, Body: []byte("allowed here: " + methods + "\n"),
		Header: []http1.Pair{{Name: "Allow", Value: methods}}}
}
