package sim_test

import (
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/sim"
)

// A ledger watches the comet application: every notify that says n must have woken n waits, no wait
// twice and none for nothing, and at the end nobody is in the list.
type ledger struct {
	comet      http1.Handler
	owed, told map[string]int // by the number that was told
}

func (l *ledger) open(m strand.Model) http1.Handler {
	l.comet = app.NewComet(m).Handle
	l.owed, l.told = map[string]int{}, map[string]int{}
	return func(r *http1.Request) *http1.Response {
		path := string(r.Path())
		answer := l.comet(r)
		if answer.Status == 0 && path == "/wait" {
			l.told[string(answer.Body)]++
		}
		if n, err := strconv.Atoi(string(answer.Body)); err == nil && path == "/notify" && n > 0 {
			l.owed[string(answer.Body)] += n
		}
		return answer
	}
}

func (l *ledger) balance(h *site) {
	for n, owed := range l.owed {
		if l.told[n] != owed {
			h.fail("%d waits were to be told %s, and %d were", owed, n, l.told[n])
		}
		delete(l.told, n)
	}
	if len(l.told) > 0 {
		h.fail("waits were told what nobody notified: %v", l.told)
	}
	if r := l.comet(&http1.Request{Method: []byte("GET"), Target: []byte("/")}); string(r.Body) != "0" {
		h.fail("in the end %s are counted as waiting", r.Body)
	}
}

// Clients wait, leave in every way, and poll again, while others notify. Nobody is lost.
func TestCometLosesNobody(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		var l ledger
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts, make: l.open}
		staying := 1 + w.Random.IntN(5)
		clients := []func(*coro.Scheduler){func(s *coro.Scheduler) { h.notify(s, &staying) }}
		for range staying {
			clients = append(clients, func(s *coro.Scheduler) { h.stay(s); staying-- })
		}
		for range w.Random.IntN(5) {
			clients = append(clients, h.leave)
		}
		h.run(clients...)
		return func() error { l.balance(h); return h.verdict() }
	}, all)
}

// stay polls until it has been told a few times. It asks for the count first, in the same packet or not.
func (h *site) stay(s *coro.Scheduler) {
	random := h.world.Random
	for rounds := 1 + random.IntN(3); rounds > 0; {
		conn := dial(s, address)
		c := newClient(s, conn)
		for ; rounds > 0; rounds-- {
			ask := []string{"/", "/wait", "/wait"}[random.IntN(3):]
			for _, target := range ask {
				c.request("GET", target, "")
				if random.IntN(2) == 0 {
					s.Sleep(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
				}
			}
			if !h.expect(c, ask) {
				break
			}
		}
		conn.Close()
	}
}

func (h *site) expect(c *client, asked []string) bool {
	for _, target := range asked {
		status, body, err := c.answer()
		if err != nil {
			h.ended("waiting for the answer to "+target, err)
			return false
		}
		if status == 408 && destructive(h.faults) {
			return false
		}
		if n, err := strconv.Atoi(body); status != 200 || err != nil || target == "/wait" && n < 1 {
			h.fail("%s was answered %d %q", target, status, body)
		}
	}
	return true
}

// leave waits and goes away before or after the answer.
func (h *site) leave(s *coro.Scheduler) {
	random := h.world.Random
	conn := dial(s, address)
	defer conn.Close()
	c := newClient(s, conn)
	c.request("GET", "/wait", "")
	s.Sleep(time.Duration(random.Int64N(int64(3 * time.Second))))
	switch random.IntN(4) {
	case 0: // close
	case 1:
		c.request("GET", "/", "") // the handler waits, and this comes early
	case 2:
		conn.CloseWrite()
		receiveAll(conn) // the server closes too
	case 3:
		conn.CloseWrite()
	}
}

// notify notifies until nobody stays.
func (h *site) notify(s *coro.Scheduler, staying *int) {
	random := h.world.Random
	for *staying > 0 {
		conn := dial(s, address)
		c := newClient(s, conn)
		for *staying > 0 {
			if s.Sleep(time.Duration(random.Int64N(int64(2*time.Second)))) != nil {
				conn.Close()
				return // the world has ended
			}
			if status, body, err := c.ask([]string{"GET", "POST"}[random.IntN(2)], "/notify"); err != nil || status != 200 {
				h.ended(fmt.Sprintf("notify: %d %q", status, body), err)
				break
			}
		}
		conn.Close()
	}
}

// Whoever left is not counted any more, although nobody notifies.
func TestWhoLeavesIsNotCounted(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		var l ledger
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts, make: l.open}
		leaving := 1 + w.Random.IntN(8)
		clients := []func(*coro.Scheduler){func(s *coro.Scheduler) { h.watch(s, &leaving) }}
		for range leaving {
			clients = append(clients, func(s *coro.Scheduler) { h.leave(s); leaving-- })
		}
		h.run(clients...)
		return func() error { l.balance(h); return h.verdict() }
	}, all)
}

// watch asks for the count until it is zero and stays so.
func (h *site) watch(s *coro.Scheduler, leaving *int) {
	var left time.Time
	for {
		conn := dial(s, address)
		c := newClient(s, conn)
		for {
			if s.Sleep(time.Second) != nil {
				conn.Close()
				return // the world has ended
			}
			if left.IsZero() && *leaving == 0 {
				left = s.Now()
			}
			status, body, err := c.ask("GET", "/")
			if err != nil || status != 200 {
				h.ended("asking for the count", err)
				break
			}
			if body == "0" && !left.IsZero() {
				conn.Close()
				return
			}
			if !left.IsZero() && s.Now().Sub(left) > patience {
				h.fail("%v after the last one left, %s are still counted", patience, body)
				conn.Close()
				return
			}
		}
		conn.Close()
	}
}

// Document 000's test: N clients wait, one notifies, all N are told N.
func TestTheStoryOf2009(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		var l ledger
		h := &site{world: w, faults: f, make: l.open}
		n := 1 + w.Random.IntN(30)
		told := 0
		clients := []func(*coro.Scheduler){func(s *coro.Scheduler) {
			conn := dial(s, address)
			defer conn.Close()
			c := newClient(s, conn)
			for count, err := "", error(nil); count != strconv.Itoa(n); _, count, err = c.ask("GET", "/") {
				if s.Sleep(250*time.Millisecond) != nil || err != nil {
					h.fail("%s of %d wait, and then: %v", count, n, err)
					return
				}
			}
			if _, body, err := c.ask("GET", "/notify"); body != strconv.Itoa(n) || err != nil {
				h.fail("notify said %q, %v, and %d wait", body, err, n)
			}
		}}
		for range n {
			clients = append(clients, func(s *coro.Scheduler) {
				conn := dial(s, address)
				defer conn.Close()
				if _, body, err := newClient(s, conn).ask("GET", "/wait"); body != strconv.Itoa(n) || err != nil {
					h.fail("told %q, %v, want %d", body, err, n)
				}
				told++
			})
		}
		h.run(clients...)
		return func() error {
			l.balance(h)
			if told != n {
				h.fail("%d of %d were told", told, n)
			}
			return h.verdict()
		}
	}, harmless)
}

// A server's time-outs end what they should, not earlier and not much later, however the bytes come.
func TestTimeoutsComeInTime(t *testing.T) {
	seeds(t, func(w *sim.World, f sim.Faults) func() error {
		h := &site{world: w, faults: f, timeouts: serve.DefaultTimeouts,
			make: func(strand.Model) http1.Handler { return app.Hello }}
		half := func(s *coro.Scheduler) {
			conn := dial(s, address)
			defer conn.Close()
			began := s.Now() // it is accepted a little later
			c := newClient(s, conn)
			for i := range 1 + w.Random.IntN(8) { // a byte a second does not get around it
				conn.Send([]byte("GET / HTTP/1.1\r\n")[i:i+1], time.Time{})
				s.Sleep(time.Second)
			}
			status, _, err := c.answer()
			h.inTime(s, began, 10*time.Second)
			if status != 408 || err != nil {
				h.fail("half a request was answered %d, %v", status, err)
			}
		}
		idle := func(s *coro.Scheduler) {
			conn := dial(s, address)
			defer conn.Close()
			c := newClient(s, conn)
			var began time.Time
			for range 1 + w.Random.IntN(3) {
				began = s.Now()
				if status, _, err := c.ask("GET", "/"); status != 200 || err != nil {
					h.fail("answered %d, %v", status, err)
				}
				s.Sleep(time.Duration(w.Random.Int64N(int64(50 * time.Second))))
			}
			if b, err := conn.Recv(s.Now().Add(patience)); err != io.EOF {
				h.fail("an idle connection received %q, %v", b, err)
			}
			h.inTime(s, began, 60*time.Second)
		}
		h.run(half, idle, half, idle)
		return h.verdict
	}, harmless)
}

func (h *site) inTime(s *coro.Scheduler, began time.Time, d time.Duration) {
	early := 50 * time.Millisecond // the client may learn so late that it is connected, or how late it is
	if took := s.Now().Sub(began); took < d-early || took > d+2*time.Second {
		h.fail("what should end after %v took %v", d, took)
	}
}
