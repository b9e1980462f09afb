package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answers are handlers, each of which does one thing that an adapter could get wrong.
var answers = map[string]http.HandlerFunc{
	"nothing":           func(http.ResponseWriter, *http.Request) {},
	"implicit-200":      says("hello"),
	"sniffed":           says("<html><body>"),
	"sniffed-in-pieces": says("<ht", "ml>"),
	"not-sniffed":       with("Content-Type", "", "<html>"),
	"encoded":           with("Content-Encoding", "x", "<html>"),
	"error":             func(w http.ResponseWriter, r *http.Request) { http.Error(w, "not here", 404) },
	"redirect":          http.RedirectHandler("/there?a=b", http.StatusSeeOther).ServeHTTP,
	"no-content":        func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204); w.Write([]byte("x")) },
	"not-modified":      func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Etag", `"x"`); w.WriteHeader(304) },
	"second-status":     func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); w.WriteHeader(202) },
	"early-hints":       func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(202) },
	"late-header":       func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); w.Header().Set("Late", "x") },
	"length":            with("Content-Length", "5", "hello"),
	"length-missed":     with("Content-Length", "9", "hello"),
	"length-kept":       with("Content-Length", "5", "hello", " and more"),
	"length-of-many":    with("Content-Length", "262144", large),
	"line-ends":         with("X", "a\r\nInjected: yes"),
	"bad-name":          with("A b", "x"),
	"several-values":    func(w http.ResponseWriter, r *http.Request) { w.Header()["Set-Cookie"] = []string{"a=1", "b=2"} },
	"close":             with("Connection", "close", "x"),
	"large":             says(large),
	"flushed":           flushes("one, ", "two"),
	"flushed-first":     flushes("", "two"),
	"what-was-asked":    asked,
	"the-body":          func(w http.ResponseWriter, r *http.Request) { n, err := io.Copy(w, r.Body); fmt.Fprint(w, n, err) },
	"a-form":            func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.FormValue("q"), r.FormValue("b")) },
}

var large = strings.Repeat("0123456789abcdef", 1<<14) // 256 KiB: many buffers

// says writes the pieces of a body.
func says(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, p := range pieces {
			io.WriteString(w, p)
		}
	}
}

// with sets a field first. An empty value says that the field is to be left out.
func with(field, value string, pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if w.Header()[field] = nil; value != "" {
			w.Header()[field] = []string{value}
		}
		says(pieces...)(w, r)
	}
}

// flushes does so between two pieces, if it can. Nothing is left to be sniffed in the piece that goes first.
func flushes(first, second string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, first)
		http.NewResponseController(w).Flush()
		io.WriteString(w, second)
	}
}

// asked writes down what it sees of the request.
func asked(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, r.Method, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Close)
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	fmt.Fprintln(w, r.Host, host, err, r.Body == http.NoBody, r.TLS)
	if r.Header.Get("Content-Length") != "" { // net/http does not say how long a body in chunks is; ours has arrived
		fmt.Fprintln(w, r.ContentLength)
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
	}
}

// requests are written by hand, %s being the path: a client of net/http would not send most of them.
var requests = map[string]string{
	"GET":     "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
	"a query": "GET %s?q=1&b=%%20 HTTP/1.1\r\nHost: h\r\nX-Two: a\r\nx-TWO: b\r\nAccept: */*\r\n\r\n",
	"HEAD":    "HEAD %s HTTP/1.1\r\nHost: h\r\n\r\n",
	"a body": "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
		"Content-Length: 7\r\n\r\nq=1&b=2",
	"chunks":      "PUT %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"HTTP/1.0":    "GET %s HTTP/1.0\r\n\r\n",
	"kept in 1.0": "GET %s HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
	"absolute":    "GET http://elsewhere%s HTTP/1.1\r\nHost: h\r\n\r\n",
	"close":       "DELETE %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
}

// What a client sees of an answer. How a body is framed is a server's own choice; how much of it there is
// and whether it is whole is not.
type seen struct {
	Status int
	Header http.Header
	Body   string
	Whole  bool
	Ends   bool // the connection does, after this answer
}

// enough wrong answers show what is wrong: each that does not come is waited for.
const enough = 3

// Go's own server is the control: the same handlers give the same answers on it, inline and offloaded.
func TestTheSameAnswersAsNetHTTP(t *testing.T) {
	mux := http.NewServeMux()
	for name, handler := range answers {
		mux.HandleFunc("/"+name, handler)
	}
	control := httptest.NewUnstartedServer(mux)
	control.Config.ErrorLog = log.New(io.Discard, "", 0) // what it says of handlers that do wrong
	control.Start()
	defer control.Close()
	bothWays(t, func(t *testing.T, way adapter) {
		ours, wrong := start(t, way, mux), 0
		for handler := range answers {
			for kind, form := range requests {
				right := t.Run(handler+"/"+kind, func(t *testing.T) {
					request := fmt.Sprintf(form, "/"+handler)
					want, got := ask(t, control.Listener.Addr().String(), request), ask(t, ours.address, request)
					if kind == "kept in 1.0" && (handler == "large" || strings.HasPrefix(handler, "flushed")) {
						want.Ends = got.Ends // net/http does not know the length in time, we may
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Errorf("%q is answered (-net/http +ours):\n%s", request, d)
					}
				})
				if !right {
					wrong++
				}
				if wrong == enough {
					t.Fatal("so many are answered wrongly, or not at all, that the others are not asked")
				}
			}
		}
	})
}

func ask(t *testing.T, address, request string) seen {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, request)
	method, _, _ := strings.Cut(request, " ")
	r := bufio.NewReader(c)
	answer, err := http.ReadResponse(r, &http.Request{Method: method})
	for err == nil && answer.StatusCode < 200 { // interim answers may be left out
		answer, err = http.ReadResponse(r, &http.Request{Method: method})
	}
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if _, dated := answer.Header["Date"]; !dated {
		t.Error("no Date")
	}
	for _, framing := range []string{"Date", "Content-Length", "Connection"} {
		answer.Header.Del(framing)
	}
	return seen{answer.StatusCode, answer.Header, string(body), err == nil, answer.Close}
}

// What belongs to the connection, and not to the answer, is ours to say.
func TestAHandlerHasNoSayInTheConnection(t *testing.T) {
	bothWays(t, func(t *testing.T, way adapter) {
		s := start(t, way, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer", "Date"} {
				w.Header().Set(name, "chunked")
			}
			io.WriteString(w, "hello")
		}))
		c := s.dial(t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Connection", "Keep-Alive", "Upgrade", "Trailer"} {
			if value, there := answer.Header[name]; there {
				t.Errorf("%s: %q", name, value)
			}
		}
		if dates := answer.Header["Date"]; answer.TransferEncoding != nil || answer.ContentLength != 5 || len(dates) != 1 || dates[0] == "chunked" {
			t.Errorf("coding %q, length %d, dates %q", answer.TransferEncoding, answer.ContentLength, dates)
		}
	})
}
