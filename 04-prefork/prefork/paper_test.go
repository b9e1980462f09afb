package prefork

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
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
	hang    bool  // workers do not answer when they are asked

	check  func(error) // what waits for the program on disk to answer
	fail   error       // the next Exec returns it
	moved  func()      // called in Exec, as what comes in meanwhile is
	closed func()      // what waits for the door
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

// newPaper starts a master on paper.
func newPaper(t *testing.T, workers int) *paper { return newPaperIn(t, Shared, workers, nil) }

// newPaperIn starts one in a mode, after another program has left what it knew.
func newPaperIn(t *testing.T, mode Mode, workers int, before *state) *paper {
	p := &paper{t: t, now: time.Unix(1e9, 0), workers: map[WorkerID]*paperProcess{}}
	p.m = newMaster(Config{
		Mode:         mode,
		Workers:      workers,
		DrainTimeout: 20 * time.Second,
		StartTimeout: 10 * time.Second,
		HangTimeout:  30 * time.Second,
		Application:  func(*Master) Application { return p },
		Serving:      func() { p.say("serving") },
		Log: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
	}, p, before)
	if before != nil {
		p.m.adopt(before)
	} else {
		p.m.begin()
	}
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

func (p *paper) Spawn(id WorkerID, name string, generation, connection int) (process, error) {
	if err := p.refuse; err != nil {
		p.refuse = nil
		return nil, err
	}
	if connection != 0 {
		p.say("spawn %d for connection %d", id, connection)
	} else {
		p.say("spawn %d/%d", id, generation)
	}
	p.workers[id] = &paperProcess{p, id}
	return p.workers[id], nil
}

func (p *paper) Accept() { p.say("accept") }
func (p *paper) GoOn()   { p.say("go on") }

func (p *paper) StopAccepting(empty bool, then func()) {
	p.say("stop accepting, empty %v", empty)
	p.closed = then
}

func (p *paper) Check(then func(error)) { p.check = then }

// execed is what Exec panics with where a real one does not return.
type execed struct{ *state }

func (p *paper) Exec(still func() bool, record func() (*state, error)) error {
	if p.moved != nil {
		p.moved()
	}
	if !still() {
		return errOvertaken
	}
	if p.fail != nil {
		return p.fail
	}
	s, err := record()
	if err != nil {
		return err
	}
	panic(execed{s})
}

// becomes calls fn, in which Exec has to be reached, and returns what the new program is left.
func (p *paper) becomes(fn func()) (left *state) {
	p.t.Helper()
	defer func() {
		if e, ok := recover().(execed); ok {
			left = e.state
			return
		}
		p.t.Fatal("the master has not become another program")
	}()
	fn()
	return nil
}

func (p *paper) Adopt(w workerState) (process, error) {
	p.say("adopt %d", w.ID)
	p.workers[w.ID] = &paperProcess{p, w.ID}
	return p.workers[w.ID], nil
}

func (p *paperProcess) Freeze()                  { p.paper.m.linkFrozen(p.id) }
func (p *paperProcess) Thaw()                    { p.paper.say("thaw %d", p.id) }
func (p *paperProcess) Link() (linkState, error) { return linkState{Descriptor: int(p.id) + 100}, nil }

func (p *paperProcess) Pid() int { return int(p.id) + 1000 }
func (p *paperProcess) Kill()    { p.paper.say("kill %d", p.id) }
func (p *paperProcess) Send(typ byte, payload []byte, descriptors []int) error {
	closeAll(descriptors)
	if p.paper.full {
		return ErrLinkFull
	}
	switch typ {
	case typeDrain:
		p.paper.say("drain %d", p.id)
	case typePing:
		if !p.paper.hang {
			p.paper.m.arrived(p.id, frame{typ: typePong})
		}
	case typeConnection:
		p.paper.say("hand %d: %s", p.id, payload)
	default:
		p.paper.say("send %d: %s", p.id, payload)
	}
	return nil
}

func (p *paper) Joined(w WorkerID)                          { p.say("joined %d", w) }
func (p *paper) Left(w WorkerID)                            { p.say("left %d", w) }
func (p *paper) Stopping()                                  { p.say("stopping") }
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
