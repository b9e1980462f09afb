package nethttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
)

// newRequest makes a net/http request of ours. Everything is copied: ours is lent, and a handler of
// net/http keeps what it likes. The body has arrived, so its length is always known, also when it came in
// chunks, where net/http's own server says -1.
func newRequest(ctx context.Context, s *coro.Scheduler, r *http1.Request) (*http.Request, error) {
	target := string(r.Target)
	at, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	request := (&http.Request{
		Method:        string(r.Method),
		URL:           at,
		Proto:         fmt.Sprintf("HTTP/1.%d", r.Minor),
		ProtoMajor:    1,
		ProtoMinor:    r.Minor,
		Header:        make(http.Header, len(r.Header)),
		Body:          http.NoBody,
		ContentLength: int64(len(r.Body)),
		Host:          at.Host, // of an absolute target; it counts more than the field (RFC 9112 section 3.2.2)
		RequestURI:    target,
		Close:         r.Close,
	}).WithContext(ctx)
	if len(r.Body) > 0 {
		request.Body = io.NopCloser(bytes.NewReader(bytes.Clone(r.Body)))
	}
	for _, f := range r.Header {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		request.Header[name] = append(request.Header[name], string(f.Value))
	}
	if request.Host == "" {
		request.Host = request.Header.Get("Host")
	}
	for _, framing := range []string{"Host", "Transfer-Encoding", "Trailer"} { // net/http takes them out too
		delete(request.Header, framing)
	}
	if client := s.Client(); client != nil {
		request.RemoteAddr = client.RemoteAddr().String()
	}
	return request, nil
}

// malformed answers a target that our parser lets pass and package url does not, "/%zz" for one.
func malformed(err error) *http1.Response {
	return &http1.Response{Status: 400, Type: "text/plain", Body: []byte(err.Error() + "\n"), Close: true}
}
