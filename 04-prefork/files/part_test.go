package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/c10k/04-prefork/files"
)

func TestRanges(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	const size = len("dear reader")
	for _, c := range []struct {
		wanted string
		status int
		body   string
		says   string // Content-Range
	}{
		{"bytes=0-3", 206, "dear", "bytes 0-3/11"},
		{"bytes=5-", 206, "reader", "bytes 5-10/11"},
		{"bytes=5-99", 206, "reader", "bytes 5-10/11"},
		{"bytes=-6", 206, "reader", "bytes 5-10/11"},
		{"bytes=-99", 206, "dear reader", "bytes 0-10/11"},
		{"bytes=10-10", 206, "r", "bytes 10-10/11"},
		{"bytes=0-99999999999999999999", 206, "dear reader", "bytes 0-10/11"},
		{"bytes=11-", 416, "", "bytes */11"},
		{"bytes=99999999999999999999-", 416, "", "bytes */11"},
		{"bytes=-0", 416, "", "bytes */11"},
		{"bytes=0-0,2-2", 200, "dear reader", ""}, // several: everything
		{"bytes=3-1", 200, "dear reader", ""},
		{"bytes=a-b", 200, "dear reader", ""},
		{"bytes=-", 200, "dear reader", ""},
		{"bytes=+1-2", 200, "dear reader", ""},
		{"bytes", 200, "dear reader", ""},
		{"lines=0-3", 200, "dear reader", ""},
	} {
		a, body := get(t, address, "/letter.txt", "Range: "+c.wanted+"\r\n")
		if a.StatusCode != c.status || a.Header.Get("Content-Range") != c.says || c.status != 416 && body != c.body {
			t.Errorf("%s: %d %q %q, want %d %q %q", c.wanted, a.StatusCode, a.Header.Get("Content-Range"), body, c.status, c.says, c.body)
		}
	}
	if a, _ := send(t, address, "HEAD /letter.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=0-3\r\n\r\n"); a.StatusCode != 200 || a.ContentLength != int64(size) {
		t.Errorf("HEAD has no ranges: %d, %d bytes", a.StatusCode, a.ContentLength)
	}
}

// A large file and a large part of it are streamed; every byte is the right one.
func TestStreams(t *testing.T) {
	address := started(t, tree(t), files.Options{})
	for _, c := range []struct {
		wanted string
		status int
		body   string
	}{
		{"", 200, big},
		{"Range: bytes=1000003-\r\n", 206, big[1000003:]},
		{fmt.Sprintf("Range: bytes=-%d\r\n", 1<<20), 206, big[len(big)-1<<20:]},
	} {
		a, body := get(t, address, "/big.bin", c.wanted)
		if a.StatusCode != c.status || body != c.body || a.ContentLength != int64(len(c.body)) {
			t.Errorf("%q: %d, %d bytes, want %d, %d bytes", c.wanted, a.StatusCode, len(body), c.status, len(c.body))
		}
	}
}

func TestConditions(t *testing.T) {
	root := tree(t)
	changed := time.Date(2009, 12, 3, 10, 20, 30, 400e6, time.UTC)
	if err := os.Chtimes(filepath.Join(root, "letter.txt"), changed, changed); err != nil {
		t.Fatal(err)
	}
	address := started(t, root, files.Options{})
	first, _ := get(t, address, "/letter.txt", "")
	tag := first.Header.Get("ETag")
	const at, before, after = "Thu, 03 Dec 2009 10:20:30 GMT", "Thu, 03 Dec 2009 10:20:29 GMT", "Thu, 03 Dec 2009 10:20:31 GMT"
	if said := first.Header.Get("Last-Modified"); said != at {
		t.Errorf("Last-Modified: %s", said)
	}
	for _, c := range []struct {
		fields string
		status int
	}{
		{"If-Modified-Since: " + at, 304},
		{"If-Modified-Since: " + after, 304},
		{"If-Modified-Since: " + before, 200},
		{"If-Modified-Since: Thursday, 03-Dec-09 10:20:30 GMT", 304},
		{"If-Modified-Since: Thu Dec  3 10:20:30 2009", 304},
		{"If-Modified-Since: yesterday", 200},
		{"If-None-Match: " + tag, 304},
		{"If-None-Match: W/" + tag, 304},
		{`If-None-Match: "a", ` + tag, 304},
		{"If-None-Match: *", 304},
		{`If-None-Match: "a"` + "\r\nIf-Modified-Since: " + after, 200}, // the tag decides
		{"If-Match: " + tag, 200},
		{`If-Match: "a"`, 412},
		{"If-Unmodified-Since: " + at, 200},
		{"If-Unmodified-Since: " + before, 412},
		{"Range: bytes=0-3\r\nIf-Range: " + tag, 206},
		{"Range: bytes=0-3\r\nIf-Range: W/" + tag, 200},
		{"Range: bytes=0-3\r\nIf-Range: " + at, 206},
		{"Range: bytes=0-3\r\nIf-Range: " + after, 200},
		{"Range: bytes=0-3\r\nIf-None-Match: " + tag, 304},
	} {
		a, body := get(t, address, "/letter.txt", c.fields+"\r\n")
		if a.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.fields, a.StatusCode, c.status)
		}
		if c.status == 304 && (body != "" || a.Header.Get("ETag") != tag || a.Header.Get("Last-Modified") != at) {
			t.Errorf("%s: 304 with %q, %v", c.fields, body, a.Header)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "letter.txt"), []byte("dear editor"), 0o644); err != nil {
		t.Fatal(err)
	}
	if a, body := get(t, address, "/letter.txt", "If-None-Match: "+tag+"\r\n"); a.StatusCode != 200 || body != "dear editor" {
		t.Errorf("after a change: %d %q", a.StatusCode, body)
	}
}

// A file that is replaced between the head and the content is not sent under the wrong head.
func TestAReplacedFileEndsTheConnection(t *testing.T) {
	root := tree(t)
	h, err := files.New(root, files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	name := filepath.Join(root, "big.bin")
	replace := func() {
		if err := os.WriteFile(name+".new", []byte(strings.ToUpper(big)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	if sent, err := streamed(h, "/big.bin", replace); err == nil || sent != 0 {
		t.Errorf("%d bytes of another file were sent, %v", sent, err)
	}
	if sent, err := streamed(h, "/big.bin", func() {}); err != nil || sent != len(big) {
		t.Errorf("when it rests: %d bytes, %v", sent, err)
	}
}
