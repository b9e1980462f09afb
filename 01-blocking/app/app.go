// Package app holds the applications that every stage serves: hello, echo, comet, pid and faults.
//
// Each is an ordinary http1.Handler, written once. None of them knows what carries it: the only one that
// waits, comet, waits on a strand.Chan, and the channel asks its model how. So the same lines run with a
// thread for each connection, as coroutines, and in prefork workers. (The event loop of stage 02 cannot
// run a handler that waits; there comet is written a second time, as callbacks.)
//
// What this package does not do: no sockets, no concurrency of its own, no state but what a handler's
// maker returns.
package app

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
)

// Names are the applications that New makes.
var Names = []string{"hello", "echo", "comet", "pid", "faults"}

// New makes an application for the strands of m. Only comet uses the model; the others accept nil.
func New(name string, m strand.Model) (http1.Handler, error) {
	switch name {
	case "hello":
		return Hello, nil
	case "echo":
		return Echo, nil
	case "comet":
		return NewComet(m).Handle, nil
	case "pid":
		return PID, nil
	case "faults":
		return Faults, nil
	}
	return nil, fmt.Errorf("no application is called %q: choose one of %s", name, strings.Join(Names, ", "))
}

const plainText = "text/plain"

var greeting = http1.Response{Type: plainText, Body: []byte("Hello, World!")}

// Hello answers 13 bytes to any method at every path. The answer is one value, made once: responses are
// only read.
func Hello(*http1.Request) *http1.Response { return &greeting }

// Echo says what was asked for, in the form of document 003's application: target and method as sent,
// and the length of the body if there is one. GET, PUT, POST and DELETE.
func Echo(r *http1.Request) *http1.Response {
	if !allowed(r, "GET", "PUT", "POST", "DELETE") {
		return notAllowed("GET, PUT, POST, DELETE")
	}
	body := slices.Concat([]byte("You requested "), r.Target, []byte(" via method "), r.Method)
	if len(r.Body) > 0 {
		body = fmt.Appendf(body, " with %d bytes", len(r.Body))
	}
	return &http1.Response{Type: plainText, Body: body}
}

// PID answers with the number of the process that ran it: which worker was it?
func PID(r *http1.Request) *http1.Response {
	if !allowed(r, "GET", "HEAD") {
		return notAllowed("GET, HEAD")
	}
	return number(os.Getpid())
}

// number is an answer that is a decimal number without a line end, as in 2009.
//
// It is not inlined, and makes room for all digits first, because of those who wait: the frame of a
// handler that waits stays on its strand's stack, and ten thousand coroutines keep the stack that their
// deepest call once needed.
//
//go:noinline
func number(n int) *http1.Response {
	return &http1.Response{Type: plainText, Body: strconv.AppendInt(make([]byte, 0, 20), int64(n), 10)}
}

func allowed(r *http1.Request, methods ...string) bool {
	return slices.ContainsFunc(methods, func(m string) bool { return string(r.Method) == m })
}

// notAllowed is 405, which must say what is allowed (RFC 9110 section 15.5.6). Not inlined: see number.
//
//go:noinline
func notAllowed(methods string) *http1.Response {
	return &http1.Response{
		Status: 405,
		Type:   plainText,
		Header: []http1.Pair{{Name: "Allow", Value: methods}},
		Body:   []byte("allowed here: " + methods + "\n"),
	}
}

// parameter finds a whole number in a query: parameter(r, "ms") is 250 for /block?ms=250.
func parameter(r *http1.Request, name string) (int, error) {
	for pair := range bytes.SplitSeq(r.Query(), []byte("&")) {
		key, value, _ := bytes.Cut(pair, []byte("="))
		if string(key) == name {
			return strconv.Atoi(string(value))
		}
	}
	return 0, fmt.Errorf("the query lacks %s=N", name)
}
