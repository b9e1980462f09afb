package engine

import (
	"strings"
	"testing"
	"time"

	"example.com/c10k/04-prefork/prefork"
)

// What the master has read of a connection comes with it: a request, a part of one, two at once, and more than
// the master takes. As the master listens with TCP_DEFER_ACCEPT, the first bytes have arrived when it accepts.
func TestBytesThatWereReadBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, engine string) {
		s := start(t, role{Engine: engine, Mode: prefork.HandOver, Workers: 2})

		whole := s.dial(t)
		whole.send(get("/whole"))
		whole.expect("/whole")
		whole.send(get("/next")) // and then it reads for itself
		whole.expect("/next")

		part := s.dial(t)
		part.send(get("/part")[:12])
		other := s.dial(t) // comes later, and is answered: the one before was accepted, with its part
		if body := other.ask("/other"); body != "/other" {
			t.Errorf("answered %q", body)
		}
		part.send(get("/part")[12:])
		part.expect("/part")

		two := s.dial(t)
		two.send(get("/one") + get("/two"))
		two.expect("/one")
		two.expect("/two")

		much := s.dial(t)
		much.send("POST /body HTTP/1.1\r\nHost: c10k\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000))
		much.expect("100000")
	})
}

// The master does not know how many connections a worker can hold. What is one too many is told so, at once,
// and when one has ended there is a place for the next.
func TestHandedOverAboveTheLimit(t *testing.T) {
	const most = 20
	onBoth(t, func(t *testing.T, engine string) {
		s := start(t, role{Engine: engine, Mode: prefork.HandOver, Most: most})
		var held []*client
		for range most {
			c := s.dial(t)
			c.send(get("/place"))
			c.expect("/place")
			held = append(held, c)
		}
		for range 3 {
			c := s.dial(t)
			c.send(get("/place"))
			a, body := c.answer()
			if a.StatusCode != 503 || !a.Close || a.Header.Get("Retry-After") == "" || body != "too many connections\n" {
				t.Errorf("one too many is answered %d, %q, %v, close %v", a.StatusCode, body, a.Header, a.Close)
			}
			c.expectEnd()
		}
		for _, c := range held {
			if body := c.ask("/still"); body != "/still" {
				t.Errorf("who has a place is answered %q", body)
			}
		}
		held[0].send("GET /leaves HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\n\r\n")
		held[0].expect("/leaves")
		held[0].expectEnd()
		for began := time.Now(); ; { // the place is free a moment after the end was sent
			c := s.dial(t)
			c.send(get("/place"))
			if a, _ := c.answer(); a.StatusCode == 200 {
				break
			}
			if time.Since(began) > patience {
				t.Fatal("there is no place for anybody any more")
			}
		}
	})
}
