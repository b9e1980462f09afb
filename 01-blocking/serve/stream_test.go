package serve_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
)

// streaming serves what send sends, under a head that promises length bytes; 0 promises nothing.
func streaming(length int64, send func(http1.Sender) error) serve.Options {
	return serve.Options{Handler: func(r *http1.Request) *http1.Response {
		if string(r.Path()) == "/after" {
			return path(r)
		}
		return &http1.Response{Stream: send, Length: length}
	}}
}

// three sends a body in pieces out of one buffer: who still needs a piece after Send should have copied it.
func three(s http1.Sender) error {
	var piece [10]byte
	for _, text := range []string{"one, ", "", "two, ", "three"} {
		if err := s.Send(piece[:copy(piece[:], text)]); err != nil {
			return err
		}
	}
	return nil
}

func TestAStreamArrivesWhole(t *testing.T) {
	for name, c := range map[string]struct {
		length  int64
		request string
		coding  []string
		body    string
		ends    bool
	}{
		"in chunks":           {0, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", []string{"chunked"}, "one, two, three", false},
		"to HTTP/1.0":         {0, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", nil, "one, two, three", true},
		"of a known length":   {15, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", nil, "one, two, three", false},
		"its length, to 1.0":  {15, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", nil, "one, two, three", false},
		"its head only":       {0, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", []string{"chunked"}, "", false},
		"its head and length": {15, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan error, 1)
			conn := client(t, streaming(c.length, func(s http1.Sender) error {
				err := three(s)
				told <- err
				return err
			}), nil)
			io.WriteString(conn, c.request+"GET /after HTTP/1.1\r\nHost: h\r\n\r\n")
			r := bufio.NewReader(conn)
			method, _, _ := strings.Cut(c.request, " ")
			a, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(a.Body)
			if string(body) != c.body || err != nil || !slices.Equal(a.TransferEncoding, c.coding) || a.Close != c.ends {
				t.Errorf("body %q, %v; coding %q; close %v", body, err, a.TransferEncoding, a.Close)
			}
			if err := <-told; method == "HEAD" != (err == http1.ErrNoBody) {
				t.Errorf("%s: Send returned %v", method, err)
			}
			if a.ContentLength != c.length && c.length > 0 {
				t.Errorf("Content-Length %d", a.ContentLength)
			}
			if c.ends {
				return
			}
			if status, body, _ := answer(t, r); status != 200 || body != "/after" {
				t.Errorf("the next answer: %d %q", status, body)
			}
		})
	}
}

// A drain that begins in the middle of a stream lets it end, and then the connection, although the head did
// not say so: it was sent before.
func TestADrainEndsTheConnectionAfterItsStream(t *testing.T) {
	draining := false
	o := streaming(0, func(s http1.Sender) error { draining = true; return s.Send([]byte("whole")) })
	o.Draining = func() bool { return draining }
	conn := client(t, o, nil)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	r := bufio.NewReader(conn)
	if status, body, _ := answer(t, r); status != 200 || body != "whole" {
		t.Errorf("%d %q", status, body)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after it: %v", err)
	}
}

// A Stream may hold something, an open file for one. So it is called even if nobody took the head.
func TestAStreamIsCalledAlthoughTheClientIsGone(t *testing.T) {
	called := make(chan error, 1)
	o := streaming(0, func(s http1.Sender) error { called <- s.Send([]byte("x")); return nil })
	conn := client(t, o, func(s *stream) { s.TCPConn.Close() })
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := <-called; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Send: %v", err)
	}
}

// The head is gone when these happen, so the one way to tell the client is to end the connection early.
func TestAStreamThatFailsIsCutShort(t *testing.T) {
	failed := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		length int64
		send   func(http1.Sender) error
		body   string
	}{
		"it returns an error": {0, func(s http1.Sender) error { s.Send([]byte("begun")); return failed }, "begun"},
		"it panics":           {0, func(s http1.Sender) error { s.Send([]byte("begun")); panic("on purpose") }, "begun"},
		"it ends too early":   {15, func(s http1.Sender) error { return s.Send([]byte("begun")) }, "begun"},
		"it sends too much": {5, func(s http1.Sender) error {
			s.Send([]byte("beg"))
			s.Send([]byte("un and more"))
			if err := s.Send([]byte("un")); err == nil {
				t.Error("it may go on")
			}
			return nil
		}, "beg"},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			o := streaming(c.length, c.send)
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
			conn := client(t, o, nil)
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n")
			a, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(a.Body); string(body) != c.body || err != io.ErrUnexpectedEOF {
				t.Errorf("the client reads %q, %v", body, err)
			}
			if panics := strings.Contains(log.String(), "on purpose"); panics != (name == "it panics") {
				t.Errorf("the log: %s", log.String())
			}
		})
	}
}
