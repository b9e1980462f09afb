package sse

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// read feeds a stream in pieces of one size, each in a buffer that is overwritten afterwards.
func read(t *testing.T, stream string, piece int) (all []Event) {
	t.Helper()
	var p Parser
	for rest := []byte(stream); len(rest) > 0; {
		lent := bytes.Clone(rest[:min(piece, len(rest))])
		rest = rest[len(lent):]
		p.Feed(lent)
		for {
			e, ok, err := p.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			all = append(all, e)
		}
		for i := range lent {
			lent[i] = '#'
		}
	}
	return all
}

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		stream string
		want   []Event
	}{
		{"data: one\n\n", []Event{{Data: "one", Has: true}}},
		{"data: one\r\rdata: two\r\n\r\ndata: three\n\n", []Event{{Data: "one", Has: true}, {Data: "two", Has: true}, {Data: "three", Has: true}}},
		{"data: one\r\ndata: two\r\n\r\n", []Event{{Data: "one\ntwo", Has: true}}},
		{"id: 7-1\nevent: a\ndata: x\ndata:\ndata:  y\n\n", []Event{{ID: "7-1", Type: "a", Data: "x\n\n y", Has: true}}},
		{"retry: 1500\n\nid: 7-0\n\n", []Event{{Retry: 1500 * time.Millisecond}, {ID: "7-0"}}},
		{":\n\n: still here\n\ndata: é\n\n", []Event{{Data: "é", Has: true}}},
		{"data\n\n", []Event{{Has: true}}},
		{"retry: soon\nid: a\x00b\nother: 1\n\n\n\n", nil},
		{"retry: 9999999999\n\n", nil}, // more than three months: no client should wait that long
		{"data: never ended\n", nil},
		{"data: never ended", nil},
	} {
		for piece := 1; piece <= len(test.stream); piece++ {
			if diff := cmp.Diff(test.want, read(t, test.stream, piece)); diff != "" {
				t.Errorf("%q in pieces of %d (-want +got):\n%s", test.stream, piece, diff)
			}
		}
	}
}

// The bound is an event's: a stream has none.
func TestAStreamIsNotBounded(t *testing.T) {
	const event = "data: 0123456789\n\n"
	var p Parser
	for fed := 0; fed <= 2*MaxEvent; fed += len(event) {
		p.Feed([]byte(event))
		if e, ok, err := p.Next(); !ok || err != nil || e.Data != "0123456789" {
			t.Fatalf("after %d bytes: %+v, %v, %v", fed, e, ok, err)
		}
		if _, ok, err := p.Next(); ok || err != nil {
			t.Fatalf("after %d bytes there is more than was fed: %v", fed, err)
		}
	}
}

// Neither a line nor a block of short lines may grow without a bound.
func TestAnEventIsBounded(t *testing.T) {
	for name, piece := range map[string]string{
		"a line":        strings.Repeat("x", 1000),
		"many lines":    strings.Repeat("data: x\n", 100),
		"many comments": strings.Repeat(": x\n", 100),
	} {
		var p Parser
		var err error
		for fed := 0; fed <= MaxEvent+len(piece) && err == nil; fed += len(piece) {
			p.Feed([]byte(piece))
			_, _, err = p.Next()
		}
		if !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
