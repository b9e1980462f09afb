package coro_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

// A witness is this machine, and notes how bytes and the end were sent.
type witness struct {
	*system.Kernel
	sent []string
}

func (w *witness) Write(fd int, b []byte) (int, error) {
	w.sent = append(w.sent, "write "+string(b[:min(len(b), 8)]))
	return w.Kernel.Write(fd, b)
}

func (w *witness) Finish(fd int, b []byte) (int, error) {
	w.sent = append(w.sent, "finish "+string(b[:min(len(b), 8)]))
	return w.Kernel.Finish(fd, b)
}

func (w *witness) Shutdown(fd int) error {
	w.sent = append(w.sent, "shutdown")
	return w.Kernel.Shutdown(fd)
}

// What has been sent and not yet written when a connection ends goes out together with the end.
func TestTheEndGoesOutWithTheLastBytes(t *testing.T) {
	large := strings.Repeat("x", 1<<20) // more than is collected: it is written at once
	for name, c := range map[string]struct {
		serve func(s *coro.Scheduler, c *coro.Conn)
		sent  []string
	}{
		"Close": {func(_ *coro.Scheduler, c *coro.Conn) {
			c.Send([]byte("a"), time.Time{})
			c.Send([]byte("b"), time.Time{})
			c.Close()
		}, []string{"finish ab"}},
		"CloseWrite": {func(_ *coro.Scheduler, c *coro.Conn) {
			c.Send([]byte("a"), time.Time{})
			c.CloseWrite()
			c.Close()
		}, []string{"finish a"}},
		"a wait before the end": {func(s *coro.Scheduler, c *coro.Conn) {
			c.Send([]byte("a"), time.Time{})
			s.Yield()
			c.CloseWrite()
			c.Close()
		}, []string{"write a", "shutdown"}},
		"nothing to send": {func(_ *coro.Scheduler, c *coro.Conn) { c.Close() }, nil},
		"a large answer and its end": {func(_ *coro.Scheduler, c *coro.Conn) {
			c.Send([]byte(large), time.Time{})
			c.Send([]byte("end"), time.Time{})
			c.Close()
		}, []string{"write xxxxxxxx", "finish end"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := poll.New(poll.Names()[0])
			if err != nil {
				t.Fatal(err)
			}
			kernel, err := system.New(p)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(kernel.End)
			w := &witness{Kernel: kernel}
			s := coro.New(w, coro.Options{Poison: true})
			connected(t, s, func(conn *coro.Conn) { c.serve(s, conn) }, func(conn *coro.Conn) { recvAll(conn) })
			got := slices.Compact(w.sent) // a large answer may take several writes
			if d := cmp.Diff(c.sent, got, cmpopts.EquateEmpty()); d != "" {
				t.Error("(-expected +sent):\n", d)
			}
		})
	}
}
