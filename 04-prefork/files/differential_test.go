package files_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/c10k/04-prefork/files"
)

// net/http's file server and ours are asked the same, and answer the same where both follow the standard and
// nothing is a matter of taste. What is left out: names with dots and empty parts (it cleans them, we refuse
// them), names that begin with a dot (it serves them), escapes that are broken (it says 400), /index.html (it redirects), several ranges (it sends
// all of them), lists (another page), types that it guesses from the content, redirects (it sends a relative
// one), and the bodies of errors.
func TestAsNetHTTPDoes(t *testing.T) {
	root := tree(t)
	ours := started(t, root, files.Options{})
	control := httptest.NewServer(http.FileServer(http.Dir(root)))
	defer control.Close()
	theirs := strings.TrimPrefix(control.URL, "http://")

	stamp, _ := get(t, ours, "/letter.txt", "")
	modified := stamp.Header.Get("Last-Modified")
	agreed := 0
	for _, path := range []string{"/letter.txt", "/page.html", "/empty.txt", "/with-index/", "/big.bin",
		"/gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt", "/sub/deeper/leaf.txt", "/nothing", "/sub/nothing/at/all", "/dangling"} {
		for _, fields := range []string{"", "Range: bytes=0-3\r\n", "Range: bytes=2-\r\n", "Range: bytes=-2\r\n", "Range: bytes=100000000-\r\n",
			"If-Modified-Since: " + modified + "\r\n", "If-Unmodified-Since: " + modified + "\r\n",
			"If-Modified-Since: Thu, 03 Dec 2009 10:20:30 GMT\r\n", "If-Unmodified-Since: Thu, 03 Dec 2009 10:20:30 GMT\r\n",
			"If-Modified-Since: nonsense\r\n", `If-Match: "nonsense"` + "\r\n", `If-None-Match: "nonsense"` + "\r\n", "If-None-Match: *\r\n",
			"Range: bytes=0-3\r\nIf-Range: " + modified + "\r\n", "Range: bytes=0-3\r\nIf-Range: \"nonsense\"\r\n"} {
			for _, method := range []string{"GET", "HEAD"} {
				if method == "HEAD" && strings.HasPrefix(fields, "Range") || path == "/empty.txt" && strings.HasPrefix(fields, "Range") {
					continue // RFC 9110 section 14.2 says GET only; and of nothing it sends everything, we say 416
				}
				request := method + " " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"
				a, body := send(t, ours, request)
				b, other := send(t, theirs, request)
				if a.StatusCode != b.StatusCode {
					t.Errorf("%q: %d, net/http %d", request, a.StatusCode, b.StatusCode)
					continue
				}
				agreed++
				if a.StatusCode >= 400 {
					continue
				}
				for _, field := range []string{"Content-Type", "Content-Range", "Last-Modified", "Accept-Ranges"} {
					if x, y := a.Header.Get(field), b.Header.Get(field); x != y && !(field == "Content-Type" && path == "/big.bin") && a.StatusCode != 304 {
						t.Errorf("%q: %s: %q, net/http %q", request, field, x, y)
					}
				}
				if body != other || a.ContentLength != b.ContentLength && a.StatusCode != 304 {
					t.Errorf("%q: %d bytes, net/http %d", request, len(body), len(other))
				}
			}
		}
	}
	if agreed < 200 {
		t.Errorf("only %d comparisons", agreed)
	}
}
