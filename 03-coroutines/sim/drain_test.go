package sim_test

import (
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/sim"
)

// When a drain has closed the listener, those who wait in a handler may be all that is left. Nobody waits for
// a descriptor then, and yet it is no deadlock: their clients can leave. (Request and connection come together
// here, so there was no wait with a time-out, whose timer would hide it.)
func TestADrainWaitsForWhoWaits(t *testing.T) {
	w := sim.New(sim.Options{Seed: 1})
	var h *server.Server
	process(w, "server", func(s *coro.Scheduler) {
		l, err := s.Listen(address, coro.ListenOptions{DeferAccept: true})
		if err != nil {
			t.Error(err)
			return
		}
		h = &server.Server{Scheduler: s, Listener: l, Most: 10,
			Options: serve.Options{Handler: app.NewComet(s).Handle, Now: s.Now}}
		h.Serve()
	})
	process(w, "client", func(s *coro.Scheduler) {
		conn := dial(s, address)
		newClient(s, conn).request("GET", "/wait", "")
		s.Sleep(10 * time.Millisecond)
		h.Scheduler.Post(h.Drain)
		s.Sleep(time.Minute)
		if h.Open() != 1 {
			t.Errorf("%d connections are open a minute after the drain began, and one client waits", h.Open())
		}
		conn.Close()
	})
	if err := w.Run(); err != nil {
		t.Error(err)
	}
}
