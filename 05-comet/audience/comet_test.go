package audience

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/05-comet/swarm"
)

// A realServer is comet, and what it says.
type realServer struct {
	*swarm.ServerProcess
	said chan string
}

// linesMost is more lines than a server says in a test: nothing of it may block the server.
const linesMost = 100_000

func (s *realServer) Write(line []byte) (int, error) {
	select {
	case s.said <- string(line):
	default: // nobody listens any more
	}
	return len(line), nil
}

func startComet(t *testing.T, flags string) *realServer { return startCometBy(t, "", flags) }

// startCometBy has another program start it; "": none.
func startCometBy(t *testing.T, other, flags string) *realServer {
	t.Helper()
	s := &realServer{said: make(chan string, linesMost)}
	var err error
	s.ServerProcess, err = swarm.StartServer(t.Context(), other+conform.Build(t, "example.com/c10k/05-comet/cmd/comet")+" -addr {addr} "+flags, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.untilSaid("generation is ready", time.After(Patience))
	return s
}

// untilSaid waits until the server says something, and tells whether it did before enough.
func (s *realServer) untilSaid(words string, enough <-chan time.Time) bool {
	for {
		select {
		case line := <-s.said:
			if strings.Contains(line, words) {
				return true
			}
		case <-enough:
			return false
		}
	}
}

// 200 clients of all kinds, some slow and some cut off, and a server that is reloaded and upgraded under them, in turn:
// everybody gets everything, once.
func TestNobodyLosesAnythingAcrossReloadsAndUpgrades(t *testing.T) {
	s := startComet(t, "-workers 2 -drain-window 300ms -drain-time 1s")
	reloads := make(chan int, 1)
	over := time.After(3 * time.Second)
	go func() {
		n := 0
		for ; ; n++ {
			syscall.Kill(s.PID(), []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR2}[n%2])
			if !s.untilSaid("generation is ready", over) {
				break
			}
		}
		reloads <- n
	}()
	r := runAt(t, s.URL, Patience, func(o *Options) {
		*o = Options{URL: o.URL, PID: s.PID(), Processes: 2, Pollers: 100, Streams: 100, Slow: 5, Topics: 10, Publishers: 4, Rate: 100,
			Kills: 20, Time: 4 * time.Second}
	})
	if n := <-reloads; n < 2 {
		t.Error("the server was never reloaded and upgraded")
	} else {
		t.Logf("%d reloads and upgrades", n)
	}
	if !r.OK() || r.Resets != 0 || r.Published < 100 || r.Connections <= 200 || r.Cut < 10 {
		t.Errorf("%+v", r)
	}
}
