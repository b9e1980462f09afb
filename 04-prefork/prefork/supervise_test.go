package prefork

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// paper is a machine on paper: workers are names in a list, and time passes when the test says so.
type paper struct {
	t       *testing.T
	m       *Master
	log     bytes.Buffer
	said    []string // what the application was told, what processes were told
	now     time.Time
	timers  []*paperTimer
	workers map[WorkerID]*paperProcess
	refuse  error // the next Spawn fails
	full    bool  // the next Send meets a full queue
}

type paperTimer struct {
	at      time.Time
	fn      func()
	stopped bool
}

type paperProcess struct {
	paper *paper
	id    WorkerID
}

func newPaper(t *testing.T, workers int) *paper {
	p := &paper{t: t, now: time.Unix(1e9, 0), workers: map[WorkerID]*paperProcess{}}
	p.m = newMaster(Config{
		Workers:      workers,
		DrainTimeout: 20 * time.Second,
		StartTimeout: 10 * time.Second,
		Application:  func(*Master) Application { return p },
		Serving:      func() { p.say("serving") },
		Log: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
	}, p)
	p.m.begin()
	return p
}

func (p *paper) say(format string, args ...any) {
	p.said = append(p.said, fmt.Sprintf(format, args...))
}

// expect compares what was said since the last time.
func (p *paper) expect(want ...string) {
	p.t.Helper()
	if !slices.Equal(p.said, want) {
		p.t.Fatalf("said %q, want %q", p.said, want)
	}
	p.said = nil
}

// expectLog wants the lines that begin so to be in the log, so many times.
func (p *paper) expectLog(times int, text string) {
	p.t.Helper()
	if n := strings.Count(p.log.String(), text); n != times {
		p.t.Fatalf("%q is %d times in the log, want %d:\n%s", text, n, times, p.log.String())
	}
}

func (p *paper) Now() time.Time { return p.now }
func (p *paper) Post(fn func()) { fn() }
func (p *paper) After(d time.Duration, fn func()) (stop func()) {
	timer := &paperTimer{at: p.now.Add(d), fn: fn}
	p.timers = append(p.timers, timer)
	return func() { timer.stopped = true }
}

// pass lets time go by.
func (p *paper) pass(d time.Duration) {
	end := p.now.Add(d)
	for next := p.next(); next != nil && !next.at.After(end); next = p.next() {
		p.timers = p.timers[1:]
		p.now = next.at
		next.fn()
	}
	p.now = end
}

// next returns the timer that is due first.
func (p *paper) next() *paperTimer {
	p.timers = slices.DeleteFunc(p.timers, func(t *paperTimer) bool { return t.stopped })
	slices.SortStableFunc(p.timers, func(a, b *paperTimer) int { return a.at.Compare(b.at) })
	if len(p.timers) == 0 {
		return nil
	}
	return p.timers[0]
}

func (p *paper) Spawn(id WorkerID, name string, generation int) (process, error) {
	if err := p.refuse; err != nil {
		p.refuse = nil
		return nil, err
	}
	p.say("spawn %d/%d", id, generation)
	p.workers[id] = &paperProcess{p, id}
	return p.workers[id], nil
}

func (p *paperProcess) Pid() int { return int(p.id) + 1000 }
func (p *paperProcess) Kill()    { p.paper.say("kill %d", p.id) }
func (p *paperProcess) Send(typ byte, payload []byte, _ []int) error {
	if p.paper.full {
		return ErrLinkFull
	}
	if typ == typeDrain {
		p.paper.say("drain %d", p.id)
	} else {
		p.paper.say("send %d: %s", p.id, payload)
	}
	return nil
}

func (p *paper) Joined(w WorkerID)                          { p.say("joined %d", w) }
func (p *paper) Left(w WorkerID)                            { p.say("left %d", w) }
func (p *paper) Frame(w WorkerID, typ byte, payload []byte) { p.say("frame %d: %s", w, payload) }

func (p *paper) ready(ids ...WorkerID) {
	for _, id := range ids {
		p.m.arrived(id, frame{typ: typeReady})
	}
}

// dies ends workers in the way that processes do: the link first, then the status.
func (p *paper) dies(status exitStatus, ids ...WorkerID) {
	for _, id := range ids {
		p.m.linkEnded(id, nil)
		p.m.ended(id, status)
	}
}

var byKill = exitStatus{Signal: syscall.SIGKILL}

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

func TestStopThenDrain(t *testing.T) {
	p := newPaper(t, 3)
	p.ready(1, 2)
	p.said = nil
	p.m.signal(unix.SIGTERM)
	p.expect("drain 1", "drain 2", "kill 3") // one that is not ready has nobody to finish with
	p.m.arrived(1, frame{typ: FirstApplicationType, payload: []byte("last")})
	p.dies(exitStatus{}, 1)
	p.dies(byKill, 3)
	p.expect("frame 1: last", "left 1")
	p.pass(20*time.Second - 1)
	p.expect()
	p.pass(1)
	p.expect("kill 2")
	p.dies(byKill, 2)
	p.expect("left 2")
	if !p.m.finished || p.m.exit != 0 {
		t.Errorf("finished %v with exit status %d", p.m.finished, p.m.exit)
	}
}

func TestStopTwiceThenKill(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1, 2)
	p.m.signal(unix.SIGTERM)
	p.said = nil
	p.m.signal(unix.SIGINT)
	p.expect("kill 1", "kill 2")
}

func TestStopWhileASlotWaits(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.dies(exitStatus{Code: 7}, 1)
	p.ready(2)
	p.dies(exitStatus{Code: 7}, 2) // worker 3 is due in firstDelay
	p.said = nil
	p.m.signal(unix.SIGTERM)
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
	p.pass(time.Hour)
	p.expect()
}

func TestReloadThenDrainWhenAllAreReady(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1, 2)
	p.said = nil
	p.m.signal(unix.SIGHUP)
	p.ready(3)
	p.expect("spawn 3/2", "spawn 4/2", "joined 3")
	p.ready(4)
	p.expect("joined 4", "drain 1", "drain 2")
	p.dies(exitStatus{}, 1, 2)
	p.expect("left 1", "left 2") // and nobody in their place
	p.pass(time.Minute)
	p.dies(byKill, 4)
	p.expect("left 4", "spawn 5/2")
}

func TestReloadThatCannotStart(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1, 2)
	p.pass(time.Minute)
	p.m.signal(unix.SIGHUP)
	p.ready(3)
	p.said = nil
	p.dies(exitStatus{Code: ExitCannotStart}, 4)
	p.expect("kill 3")
	p.dies(byKill, 3)
	p.expect("left 3")
	if p.m.finished {
		t.Error("the master has ended")
	}
	p.expectLog(1, "the old one goes on")
	p.dies(byKill, 1)
	p.expect("left 1", "spawn 5/1")
}

func TestReloadDuringReload(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.m.signal(unix.SIGHUP)
	p.m.signal(unix.SIGHUP)
	p.m.signal(unix.SIGHUP)
	p.said = nil
	p.ready(2)
	p.expect("joined 2", "drain 1", "spawn 3/3") // once for both
	p.ready(3)
	p.expect("joined 3", "drain 2")
}

func TestStopDuringReload(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.m.signal(unix.SIGHUP)
	p.said = nil
	p.m.signal(unix.SIGTERM)
	p.expect("drain 1", "kill 2")
	p.ready(2) // was on its way when the kill was
	p.m.signal(unix.SIGHUP)
	p.dies(byKill, 2)
	p.dies(exitStatus{}, 1)
	p.expect("left 1")
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
}

func TestReport(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1)
	p.pass(3 * time.Second)
	p.m.signal(unix.SIGQUIT)
	p.expectLog(1, "worker=worker-1 pid=1001 generation=1 state=ready age=3s")
	p.expectLog(1, "worker=worker-2 pid=1002 generation=1 state=starting age=3s")
}
