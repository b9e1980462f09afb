package server_test

import (
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/http1"
)

// An answer may have to wait until its client takes the one before it, or the first part of it. Meanwhile
// other answers are encoded, and all have one buffer: none may be written over.
func TestAnAnswerThatWaitsIsNotAnothers(t *testing.T) {
	for name, size := range map[string]int{"small ones behind each other": 10_000, "a large one": 8 << 20} {
		t.Run(name, func(t *testing.T) {
			with(t, 100, func(w *world) {
				w.server.Options.Handler = func(r *http1.Request) *http1.Response {
					return &http1.Response{Body: []byte(strings.Repeat(string(r.Path()[1:]), size))}
				}
				number := 16<<20/size/2 + 1 // more than two sockets hold
				slow := w.client(strings.Repeat("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", number))
				quick := w.client("")
				for range 20 {
					quick.Send([]byte("GET /z HTTP/1.1\r\nHost: h\r\n\r\n"), w.Now().Add(patience))
					for got := 0; got < size; {
						b, err := quick.Recv(w.Now().Add(patience))
						if err != nil {
							t.Error(err)
							return
						}
						got += strings.Count(string(b), "z")
					}
					if size > 1<<20 {
						break // one is long enough
					}
				}
				quick.Close()
				bodies, foreign := 0, 0
				for bodies < number*size {
					b, err := slow.Recv(w.Now().Add(patience))
					if err != nil {
						t.Errorf("%d of %d bytes: %v", bodies, number*size, err)
						break
					}
					bodies += strings.Count(string(b), "x")
					foreign += strings.Count(string(b), "z")
				}
				if foreign > 0 {
					t.Errorf("%d bytes of another client's answers", foreign)
				}
				slow.Close()
			})
		})
	}
}

const patience = 10 * time.Second // only a fault takes as long
