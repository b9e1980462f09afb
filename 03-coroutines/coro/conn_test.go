package coro_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

// connected runs a server's and a client's coroutine on one connection.
func connected(t *testing.T, s *coro.Scheduler, server, client func(*coro.Conn)) {
	t.Helper()
	run(t, s, func() {
		l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{Backlog: 16})
		if err != nil {
			t.Error(err)
			return
		}
		s.Go("client", func() {
			c, err := s.Dial(l.At().String(), s.Now().Add(5*time.Second))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			client(c)
		})
		c, err := l.Accept()
		l.Close()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		server(c)
	})
}

// recvAll reads to the end of the stream.
func recvAll(c *coro.Conn) (string, error) {
	var all []byte
	for {
		b, err := c.Recv(time.Time{})
		all = append(all, b...)
		if err == io.EOF {
			return string(all), nil
		}
		if err != nil {
			return string(all), err
		}
	}
}

func TestWhatIsSentArrives(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		large := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB: more than sockets hold
		connected(t, s, func(c *coro.Conn) {
			c.Send([]byte("small,"), time.Time{})
			if err := c.Send([]byte(large), time.Time{}); err != nil {
				t.Error(err)
			}
			c.Send([]byte(",and small again"), time.Time{})
			if err := c.CloseWrite(); err != nil {
				t.Error(err)
			}
			if back, err := recvAll(c); back != "thanks" || err != nil {
				t.Errorf("%q, %v", back, err)
			}
		}, func(c *coro.Conn) {
			got, err := recvAll(c)
			if err != nil || got != "small,"+large+",and small again" {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			c.Send([]byte("thanks"), time.Time{})
		})
	})
}

// Small pieces are collected in the scheduler's buffer; when the socket has no room for them, the rest
// must be kept, and not in the buffer, which is everybody's.
func TestSmallPiecesArriveThroughAFullSocket(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		const pieces = 8000
		piece := strings.Repeat("0123456789", 100)
		connected(t, s, func(c *coro.Conn) {
			for i := range pieces {
				if err := c.Send([]byte(piece), time.Time{}); err != nil {
					t.Errorf("piece %d: %v", i, err)
					return
				}
			}
		}, func(c *coro.Conn) {
			got, err := recvAll(c)
			if err != nil || got != strings.Repeat(piece, pieces) {
				t.Errorf("%d bytes of %d, %v", len(got), pieces*len(piece), err)
			}
		})
	})
}

// A client that never stops sending is read for as long as there is something, but others have their turns
// in between: by the time the reader has had its 16 reads, whoever was ready has run.
func TestEndlessInputStarvesNobody(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		over := false
		connected(t, s, func(c *coro.Conn) {
			turns, most, reads := 0, 0, 0
			s.Daemon("other", func() {
				for s.Yield() == nil {
					turns++
				}
			})
			p := make([]byte, 1) // so small that the socket is never empty
			for seen := 0; turns < 100; reads++ {
				if _, err := io.ReadFull(c, p); err != nil {
					t.Error(err)
					break
				}
				if turns > seen {
					seen, most, reads = turns, max(most, reads), 0
				}
			}
			if most > 16+1 {
				t.Errorf("%d reads in a row, while another coroutine was ready", most)
			}
			over = true
		}, func(c *coro.Conn) {
			for !over {
				if c.Send(make([]byte, 4096), time.Time{}) != nil {
					return
				}
				s.Yield()
			}
		})
	})
}

// Whatever waits for a descriptor learns that it was closed: reading, writing, accepting, connecting.
func TestClosingWakesWhoWaits(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		connected(t, s, func(c *coro.Conn) {
			l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			waits := map[string]func() error{
				"Recv":   func() error { _, err := c.Recv(time.Time{}); return err },
				"Send":   func() error { return c.Send(make([]byte, 64<<20), time.Time{}) },
				"Accept": func() error { _, err := l.Accept(); return err },
			}
			woken := strand.NewChan[string](s, len(waits))
			for name, wait := range waits {
				s.Go(name, func() {
					if err := wait(); err != coro.ErrClosed {
						t.Errorf("%s ended with %v", name, err)
					}
					woken.Send(name)
				})
			}
			for parked := 0; parked < len(waits); { // until all three wait
				s.Yield()
				parked = 0
				for _, task := range s.Tasks() {
					if waits[task.Name] != nil && strings.Contains(task.Why, " fd ") {
						parked++
					}
				}
			}
			c.Close()
			l.Close()
			for range waits {
				if _, err := woken.RecvUntil(s.Now().Add(5 * time.Second)); err != nil {
					t.Errorf("one still waits: %v", err)
				}
			}
		}, func(c *coro.Conn) { s.NewWaiter().Wait(s.Now().Add(20 * time.Millisecond)) })
	})
}

// Who reads much lets others go first now and then, and one of them may close the connection.
func TestClosingMeetsWhoYields(t *testing.T) {
	on(t, func(t *testing.T, s *coro.Scheduler) {
		const sent = 100
		connected(t, s, func(c *coro.Conn) {
			one := make([]byte, 1)
			if _, err := c.Read(one); err != nil { // this one may wait; the others are done in one turn
				t.Error(err)
			}
			closed := false
			s.Go("closer", func() { c.Close(); closed = true })
			for n := 1; n < sent && !closed; n++ {
				if _, err := c.Read(one); closed && !errors.Is(err, net.ErrClosed) {
					t.Errorf("read %d: %v; want the news that it is closed", n, err)
				}
			}
			if !closed {
				t.Error("all was read: nobody had a turn in between")
			}
		}, func(c *coro.Conn) {
			c.Send(make([]byte, sent), time.Time{})
			c.Recv(time.Time{}) // the end
		})
	})
}
