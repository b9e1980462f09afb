package http1

import (
	_ "embed"
	"testing"
	"time"
	"unsafe"
)

// browserRequest is a request as a browser sends it, of the usual size.
//
//go:embed testdata/browser.http
var browserRequest []byte

// wrkRequest is what the load generator wrk sends.
var wrkRequest = []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		feed []byte
	}{{"wrk", wrkRequest}, {"browser", browserRequest}} {
		b.Run(c.name, func(b *testing.B) {
			var request Request
			parser := NewParser(&request, nil)
			b.SetBytes(int64(len(c.feed)))
			b.ReportAllocs()
			for b.Loop() {
				parser.Feed(c.feed)
				if r, err := parser.Next(); r == nil {
					b.Fatal(err)
				}
				if r, err := parser.Next(); r != nil || err != nil {
					b.Fatal(r, err)
				}
			}
		})
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	hello := &Response{Type: "text/plain", Body: []byte("Hello, World!")}
	var date Date
	now := time.Unix(784111777, 0)
	out := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendResponse(out[:0], Framing{Minor: 1}, hello, date.At(now))
	}
	b.SetBytes(int64(len(out)))
}

func TestAParserIsSmall(t *testing.T) {
	// Ten thousand of them; and each lies on its coroutine's stack, which has 2 KB for everything.
	if size := unsafe.Sizeof(Parser{}); size > 96 {
		t.Errorf("a Parser has %d bytes, more than 96", size)
	}
}
