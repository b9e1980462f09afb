//go:build soak

package audience

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soakTime is what make soak was given for each long test.
func soakTime(t *testing.T) time.Duration {
	d, err := time.ParseDuration(os.Getenv("C10K_SOAK"))
	if err != nil || d <= 0 {
		t.Fatalf("C10K_SOAK=%q: say how long, as in make soak SOAK=1h", os.Getenv("C10K_SOAK"))
	}
	return d
}

// faultPause is the mean time between two faults.
const faultPause = 2 * time.Second

// Clients are cut off, read slowly and come back, and every now and then a worker is killed, all of them are
// replaced, or the master becomes a new program: every message arrives once everywhere, and what the server holds does not grow.
func TestSoakFaults(t *testing.T) {
	long := soakTime(t)
	s := startComet(t, "-workers 2 -drain-window 500ms -drain-time 2s -history-age 2h")
	faults := s.molest(long)
	r := runAt(t, s.URL, Patience, func(o *Options) {
		*o = Options{URL: o.URL, PID: s.PID(), Processes: 2, Pollers: 500, Streams: 500, Slow: 50, Topics: 50, Publishers: 8,
			Rate: 100, Size: 1000, Kills: 20, Time: long}
	})
	t.Log("faults: ", <-faults)
	isFlat(t, r)
}

// molest kills workers, reloads and upgrades at random moments, until the time is nearly over, and says what it did.
func (s *realServer) molest(d time.Duration) <-chan string {
	done := make(chan string, 1)
	over := time.After(d * 9 / 10)
	go func() {
		killed, reloaded, upgraded := 0, 0, 0
		for {
			select {
			case <-over:
				done <- fmt.Sprintf("%d workers killed, %d reloads, %d upgrades", killed, reloaded, upgraded)
				return
			case <-time.After(time.Duration(rand.ExpFloat64() * float64(faultPause))):
			}
			switch rand.IntN(3) {
			case 0:
				syscall.Kill(s.PID(), syscall.SIGHUP)
				s.untilSaid("generation is ready", time.After(Patience))
				reloaded++
			case 1:
				syscall.Kill(s.PID(), syscall.SIGUSR2)
				s.untilSaid("generation is ready", time.After(Patience))
				upgraded++
			case 2:
				if pid := s.someWorker(); pid > 0 {
					syscall.Kill(pid, syscall.SIGKILL)
					s.untilSaid("is replaced", time.After(Patience))
					killed++
				}
			}
		}
	}()
	return done
}

// someWorker is the pid of a worker that is not about to end; 0: none was told.
func (s *realServer) someWorker() int {
	answer, err := http.Get(s.URL + "/stats")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var stats struct {
		Workers []struct {
			Pid      int
			Draining bool
		}
	}
	json.Unmarshal(text, &stats)
	for _, w := range stats.Workers {
		if !w.Draining {
			return w.Pid
		}
	}
	return 0
}

// Ten thousand topics, with two clients each, and no faults.
func TestSoakManyTopics(t *testing.T) {
	long := soakTime(t)
	s := startComet(t, "-workers 2")
	clients := 20_000
	if long < time.Minute { // make soak SOAK=10s: a part of it
		clients /= 5
	}
	isFlat(t, runAt(t, s.URL, Patience, func(o *Options) {
		*o = Options{URL: o.URL, PID: s.PID(), Processes: 2, Pollers: clients / 2, Streams: clients / 2, Topics: clients / 2, Publishers: 16,
			Rate: 500, Time: long}
	}))
}

const (
	// growth is how much more a server may hold at the end: what a generation that is about to end still has, and
	// what the collector has not yet found. A leak of one descriptor a second is far more in an hour.
	growth = 1.5

	// ownDescriptors is more than a server has beside its clients.
	ownDescriptors = 200

	// filling is what a process's history may still take after half of the time, with what the collector leaves:
	// twice its 8 MiB.
	filling = 16 << 20
)

// isFlat prints the report, and wants everything once and a server that does not grow.
func isFlat(t *testing.T, r *Result) {
	t.Helper()
	var table strings.Builder
	r.WriteTable(&table)
	t.Log("\n" + table.String())
	if !r.OK() || r.Resets != 0 {
		t.Errorf("want everything once, and no reset: %+v", r)
	}
	if r.Server == nil || r.Server.Middle.Memory == 0 {
		t.Logf("what the server holds is not known here: %s", r.Note)
		return
	}
	middle, end := r.Server.Middle, r.Server.End
	if most := growth * float64(r.Pollers+r.Streams+ownDescriptors); float64(end.Descriptors) > most {
		t.Errorf("%d descriptors at the end, for %d clients", end.Descriptors, r.Pollers+r.Streams)
	}
	each := func(at State) float64 { return float64(at.Memory) / float64(max(at.Processes, 1)) }
	if each(end) > growth*each(middle)+filling {
		t.Errorf("%.0f bytes for each process at half of the time, and %.0f at the end", each(middle), each(end))
	}
}
