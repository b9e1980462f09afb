package audience

import (
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"
)

// What net/http's writer has cut into chunks is put together again, wherever the network cuts it once more.
func TestChunksAreJoined(t *testing.T) {
	texts := []string{"id: 7-1\ndata: x\n\n", ":\n\n", strings.Repeat("long ", 5000), "\r\n0\r\n\r\n", "z"}
	var wire bytes.Buffer
	w := httputil.NewChunkedWriter(&wire)
	for _, text := range texts {
		io.WriteString(w, text)
	}
	w.Close()
	io.WriteString(&wire, "Trailer: none\r\n\r\n")
	want := strings.Join(texts, "")
	for _, size := range []int{1, 2, 3, 7, 64, 4096, wire.Len()} {
		var c chunks
		got := ""
		for piece := range slices.Chunk(wire.Bytes(), size) {
			if c.ended {
				t.Fatalf("in pieces of %d bytes: it has ended before its end", size)
			}
			for data, rest := []byte(nil), piece; len(rest) > 0; got += string(data) {
				var err error
				if data, rest, err = c.next(rest); err != nil {
					t.Fatalf("in pieces of %d bytes: %v", size, err)
				}
			}
		}
		if got != want || !c.ended {
			t.Errorf("in pieces of %d bytes: %d bytes, want %d; ended %v", size, len(got), len(want), c.ended)
		}
	}
}

func TestWhatIsNoChunk(t *testing.T) {
	for _, wire := range []string{"x\r\n", "-1\r\n", "\r\n", "5\n", "3\r\nabcd\r\n", "7fffffff\r\n", "80000000\r\n",
		strings.Repeat("0", 2000)} {
		for _, size := range []int{1, len(wire)} {
			var c chunks
			var err error
			for piece := range slices.Chunk([]byte(wire), size) {
				for rest := piece; len(rest) > 0 && err == nil; {
					_, rest, err = c.next(rest)
				}
				if err != nil {
					break
				}
			}
			if !errors.Is(err, errChunks) {
				t.Errorf("%.20q in pieces of %d: %v", wire, size, err)
			}
		}
	}
	var c chunks
	data, rest, err := c.next([]byte("2 ;name=\"value\"\r\nab\r\n0;x\r\n\r\n"))
	if _, _, after := c.next(rest); string(data) != "ab" || err != nil || after != nil || !c.ended {
		t.Errorf("extensions: %q, %v, %v, ended %v", data, err, after, c.ended)
	}
}
