package nethttp

import (
	"io"
	"net/http"
	"testing"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/03-coroutines/coro"
)

// What the adapter costs a request beside a handler of our own, without any network: copying the request,
// a net/http answer and back, and for Offload a goroutine and two ways between it and the loop.
func BenchmarkHandler(b *testing.B) {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello, World!") })
	for name, make := range map[string]func(*coro.Scheduler) http1.Handler{
		"own":     func(*coro.Scheduler) http1.Handler { return app.Hello },
		"Inline":  func(s *coro.Scheduler) http1.Handler { return Inline(s, hello) },
		"Offload": func(s *coro.Scheduler) http1.Handler { return Offload(s, hello) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			on(b, func(s *coro.Scheduler) {
				handler, r := make(s), request("")
				for b.Loop() {
					handler(r)
				}
			})
		})
	}
}
