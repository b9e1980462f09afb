package sim_test

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/sim"
)

// crowd is document 000's test on paper: n clients wait, one notifies, all are told. Server and clients
// are coroutines of one scheduler, two for each connection.
func crowd(t testing.TB, n int) {
	t.Helper()
	began, told := time.Now(), 0
	w := sim.New(sim.Options{Seed: 1, Descriptors: 2*n + 100, Calls: 100*n + 1000})
	var parked runtime.MemStats
	w.Start("everybody", func(k *sim.Kernel) error {
		s := coro.New(k, coro.Options{})
		return s.Run(func() {
			l, err := s.Listen(address, coro.ListenOptions{Backlog: n})
			if err != nil {
				t.Error(err)
				return
			}
			// The notifier asks over several connections, and its last one may not be gone yet.
			srv := &server.Server{Scheduler: s, Listener: l, Most: n + 10,
				Options: serve.Options{Handler: app.NewComet(s).Handle, Now: s.Now}}
			var into http1.Answer // one for all: lent until the coroutine that read it waits
			for range n {
				s.Go("client", func() {
					if crowded(s, &into, "/wait") == strconv.Itoa(n) {
						told++
					}
				})
			}
			s.Go("notifier", func() {
				for crowded(s, &into, "/") != strconv.Itoa(n) {
					s.Sleep(time.Millisecond)
				}
				runtime.GC()
				runtime.ReadMemStats(&parked)
				if got := crowded(s, &into, "/notify"); got != strconv.Itoa(n) {
					t.Errorf("notify told %s", got)
				}
				srv.Drain()
			})
			if err := srv.Serve(); err != nil {
				t.Error(err)
			}
		})
	})
	if err := w.Run(); err != nil {
		t.Fatal(err)
	}
	if told != n {
		t.Errorf("%d of %d clients were told %d", told, n, n)
	}
	per := float64(parked.HeapAlloc+parked.StackInuse) / float64(n)
	t.Logf("%d clients: %v, %v of their time, %.0f B each while parked, for both sides and the network between",
		n, time.Since(began).Round(time.Millisecond), w.Now().Round(time.Microsecond), per)
}

// crowded asks once, over a connection of its own.
func crowded(s *coro.Scheduler, into *http1.Answer, target string) string {
	conn, err := s.Dial(address, time.Time{})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	conn.Send(http1.AppendRequest(nil, "GET", target, "sim", nil, nil), time.Time{})
	parser := http1.NewResponseParser(into, nil)
	for {
		b, err := conn.Recv(time.Time{})
		if err != nil {
			return err.Error()
		}
		parser.Feed(b)
		if a, err := parser.Next(); a != nil || err != nil {
			return string(a.Body)
		}
	}
}

func TestTenThousandClientsOnPaper(t *testing.T) { crowd(t, 10_000) }

// BenchmarkCrowd is the time for each client, from its connect to its answer.
func BenchmarkCrowd(b *testing.B) {
	for b.Loop() {
		crowd(b, 10_000)
	}
}
