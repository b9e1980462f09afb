package prefork

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStartThenServe(t *testing.T) {
	p := newPaper(t, 2)
	p.expect("spawn 1/1", "spawn 2/1")
	p.ready(2)
	p.expect("joined 2")
	p.ready(1)
	p.expect("joined 1", "serving")
	if got := p.m.Workers(); !slices.Equal(got, []WorkerID{1, 2}) {
		t.Errorf("workers: %v", got)
	}
	p.m.arrived(1, frame{typ: FirstApplicationType, payload: []byte("17")})
	p.m.Send(2, FirstApplicationType, []byte("count"))
	p.expect("frame 1: 17", "send 2: count")
	p.pass(time.Hour)
	p.expect()
}

func TestDeathThenReplacement(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1, 2)
	p.pass(time.Minute)
	p.said = nil
	p.m.linkEnded(1, nil)
	p.expect("left 1")
	if got := p.m.Workers(); !slices.Equal(got, []WorkerID{2}) {
		t.Errorf("workers after the link's end: %v", got)
	}
	p.m.Send(1, FirstApplicationType, []byte("to nobody"))
	p.m.ended(1, byKill)
	p.expect("send 1: to nobody", "spawn 3/1")
	p.m.Send(1, FirstApplicationType, []byte("to nobody"))
	p.ready(3)
	p.expect("joined 3")
}

func TestCrashLoopThenBackOff(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.said = nil
	var delays []time.Duration
	for id := WorkerID(1); id <= 12; id++ {
		p.dies(exitStatus{Code: 7}, id)
		p.said = nil
		began := p.now
		for p.workers[id+1] == nil {
			next := p.next()
			if next == nil {
				t.Fatalf("nothing follows worker %d", id)
			}
			p.pass(next.at.Sub(p.now))
		}
		delays = append(delays, p.now.Sub(began))
		p.ready(id + 1)
	}
	const ms = time.Millisecond
	want := []time.Duration{0, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms, 5000 * ms, 5000 * ms, 5000 * ms}
	if !slices.Equal(delays, want) {
		t.Errorf("delays %v, want %v", delays, want)
	}
	p.expectLog(1, "in=5s") // each step is said once
	p.expectLog(8, "worker ended and is replaced")

	p.pass(stableLife)
	p.said = nil
	p.dies(byKill, 13)
	p.expect("left 13", "spawn 14/1") // an accident after a stable life: at once again
}

func TestSpawnFailsThenBackOff(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.pass(time.Minute)
	p.refuse = errors.New("fork: resource temporarily unavailable")
	p.said = nil
	p.dies(byKill, 1)
	p.expect("left 1")
	p.pass(firstDelay)
	p.expect("spawn 3/1")
	p.expectLog(1, "temporarily unavailable")
}

func TestFirstGenerationCannotStart(t *testing.T) {
	p := newPaper(t, 2)
	p.said = nil
	p.dies(exitStatus{Code: ExitCannotStart}, 2)
	p.expect("kill 1")
	if p.m.finished {
		t.Error("the master has finished before worker 1 was reaped")
	}
	p.dies(byKill, 1)
	p.expect()
	if !p.m.finished || p.m.exit != 1 {
		t.Errorf("finished %v with exit status %d, want 1", p.m.finished, p.m.exit)
	}
	p.expectLog(1, "level=ERROR")
}

func TestFirstGenerationDiesEarlyAgainAndAgain(t *testing.T) {
	p := newPaper(t, 1)
	for id := WorkerID(1); id <= startAttempts; id++ {
		if p.m.finished {
			t.Fatalf("given up after %d attempts of %d", id-1, startAttempts)
		}
		p.pass(maxDelay)
		p.dies(exitStatus{Code: 2}, id)
	}
	if !p.m.finished || p.m.exit != 1 {
		t.Errorf("finished %v with exit status %d, want 1", p.m.finished, p.m.exit)
	}
}

func TestSilentStartThenKill(t *testing.T) {
	p := newPaper(t, 1)
	p.said = nil
	p.pass(10 * time.Second)
	p.expect("kill 1")
	p.dies(byKill, 1)
	p.expect("spawn 2/1")
}

func TestFullLinkThenKill(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.pass(time.Minute)
	p.said, p.full = nil, true
	p.m.Send(1, FirstApplicationType, nil)
	p.m.Send(1, FirstApplicationType, nil)
	p.expect("kill 1")
	p.full = false
	p.dies(byKill, 1)
	p.expect("left 1", "spawn 2/1")
}

func TestProtocolViolationThenKill(t *testing.T) {
	for name, misbehave := range map[string]func(m *Master){
		"a frame before ready": func(m *Master) { m.arrived(1, frame{typ: FirstApplicationType}) },
		"a frame of ours":      func(m *Master) { m.arrived(2, frame{typ: typeDrain}) },
		"ready twice":          func(m *Master) { m.arrived(2, frame{typ: typeReady}) },
		"descriptors": func(m *Master) {
			r, w := openPipe(t)
			m.arrived(2, frame{typ: FirstApplicationType, descriptors: []int{r, w}})
			if err := unix.Close(r); err != unix.EBADF {
				t.Errorf("closing what came: %v, want EBADF, as it should be closed", err)
			}
		},
		"a broken link": func(m *Master) { m.linkEnded(2, errFrameTooLong) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPaper(t, 2)
			p.ready(2)
			p.said = nil
			misbehave(p.m)
			if n := len(p.said); n == 0 || !strings.HasPrefix(p.said[n-1], "kill ") {
				t.Errorf("said %q, want a kill", p.said)
			}
			for _, said := range p.said {
				if strings.HasPrefix(said, "frame") {
					t.Errorf("the application was told %q", said)
				}
			}
		})
	}
}

func TestLinkEndsAndProcessStays(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.said = nil
	p.m.linkEnded(1, nil)
	p.pass(exitGrace - 1)
	p.expect("left 1")
	p.pass(1)
	p.expect("kill 1")
}

func TestReport(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1)
	p.pass(3 * time.Second)
	p.m.signal(unix.SIGQUIT)
	p.expectLog(1, "worker=worker-1 pid=1001 generation=1 state=ready age=3s")
	p.expectLog(1, "worker=worker-2 pid=1002 generation=1 state=starting age=3s")
}
