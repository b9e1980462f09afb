//go:build soak

package audience

import (
	"fmt"
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

// How many faults there are in a run: faultsMost in a long one, and a pause of leastPause between them in a shorter one;
// but never less than faultsLeast.
const (
	faultsMost  = 150
	leastPause  = 5 * time.Second
	faultsLeast = 10
)

// pause is a random time until the next fault.
func pause(d time.Duration) time.Duration {
	mean := max(d/faultsMost, min(leastPause, d/faultsLeast))
	return time.Duration(rand.ExpFloat64() * float64(mean))
}

// At the same time, each with a server of its own: every now and then a worker is killed, all of them are
// replaced, or the master becomes a new program; and clients stall, use up all descriptors and reset their
// connections, while the processes stay the same ones. In both, connections are cut off and some clients read slowly.
// Every message arrives once everywhere, and what the servers hold does not grow.
func TestSoakFaults(t *testing.T) {
	long := soakTime(t)
	const flags = "-workers 2 -history 1000 -history-age 2h -drain-window 500ms -drain-time 2s -write-timeout 5s"
	follow := func(t *testing.T, s *realServer) *Result {
		return runAt(t, s.URL, Patience, func(o *Options) {
			*o = Options{URL: o.URL, PID: s.PID(), Processes: 1, Pollers: 100, Streams: 100, Slow: 20, Topics: 20, Publishers: 4,
				Rate: 25, Size: 1000, Kills: 5, Time: long}
		})
	}
	t.Run("processes", func(t *testing.T) {
		t.Parallel()
		s := startComet(t, flags)
		faults, looks := s.molest(long), s.watch(long)
		r := follow(t, s)
		t.Log("faults: ", <-faults)
		isFlat(t, r, <-looks)
	})
	t.Run("clients", func(t *testing.T) {
		t.Parallel()
		const descriptors = 600 // for each worker; all clients would find room in one
		s := startCometBy(t, limitedShell(t, descriptors), flags)
		b := newBully(t, s, descriptors)
		faults, looks := b.harass(long), s.watch(long)
		r := follow(t, s)
		t.Log("faults: ", <-faults)
		isFlat(t, r, <-looks)
	})
}

// molest reloads, upgrades and kills a worker, in turn, at random moments until the time is nearly over, and says what
// it did.
func (s *realServer) molest(d time.Duration) <-chan string {
	done := make(chan string, 1)
	over := time.After(d * 9 / 10)
	go func() {
		reloaded, upgraded, killed := 0, 0, 0
		for turn := 0; ; turn++ {
			switch turn % 3 {
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
			select {
			case <-over:
				done <- fmt.Sprintf("%d reloads, %d upgrades, %d workers killed", reloaded, upgraded, killed)
				return
			case <-time.After(pause(d)):
			}
		}
	}()
	return done
}

// someWorker is the pid of a worker that is not about to end; 0: none was told.
func (s *realServer) someWorker() int {
	all, _ := s.ask(http.DefaultClient)
	for _, w := range all.Workers {
		if !w.Draining {
			return w.Pid
		}
	}
	return 0
}

// harass uses up the descriptors and stalls, in turn, at random moments until the time is nearly over, and says what it
// did.
func (b *bully) harass(d time.Duration) <-chan string {
	done := make(chan string, 1)
	over := time.After(d * 9 / 10)
	go func() {
		for turn := 0; ; turn++ {
			if turn%2 == 0 {
				b.exhaust()
			} else {
				b.stall()
			}
			select {
			case <-over:
				b.client.CloseIdleConnections()
				done <- fmt.Sprintf("descriptors used up %d times, %d clients stalled", b.did.exhausted, b.did.stalled)
				return
			case <-time.After(pause(d)):
			}
		}
	}()
	return done
}

// Ten thousand topics, with two clients each, and no faults.
func TestSoakManyTopics(t *testing.T) {
	long := soakTime(t)
	s := startComet(t, "-workers 2")
	clients := 20_000
	if long < time.Minute { // make soak SOAK=10s: a part of it
		clients /= 5
	}
	looks := s.watch(long)
	r := runAt(t, s.URL, Patience, func(o *Options) {
		*o = Options{URL: o.URL, PID: s.PID(), Processes: 2, Pollers: clients / 2, Streams: clients / 2, Topics: clients / 2, Publishers: 16,
			Rate: 500, Time: long}
	})
	isFlat(t, r, <-looks)
}

// judgedFrom is the shortest time after which growth is a fault. Histories are filled, and the collector has found its
// pace, after a minute or two; that must be over in the first third.
const judgedFrom = 5 * time.Minute

// isFlat prints the report, and wants everything once and a server that does not grow.
func isFlat(t *testing.T, r *Result, looks []look) {
	t.Helper()
	var table strings.Builder
	r.WriteTable(&table)
	flat, grown := judgeFlat(looks)
	t.Log("\n" + table.String() + "\n" + flat)
	if !r.OK() || r.Resets != 0 {
		t.Errorf("want everything once, and no reset: %+v", r)
	}
	switch {
	case len(grown) == 0:
	case soakTime(t) < judgedFrom:
		t.Logf("not judged by, as %v is less than %v: %s has grown", soakTime(t), judgedFrom, strings.Join(grown, ", "))
	default:
		t.Errorf("the server has grown: %s", strings.Join(grown, ", "))
	}
}
