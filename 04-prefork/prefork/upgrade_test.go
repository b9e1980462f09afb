package prefork

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// succeeds starts the program that takes over from another one on paper. What it is left goes through a file.
func (p *paper) succeeds(mode Mode, left *state) *paper {
	p.t.Helper()
	text, err := json.Marshal(left)
	if err != nil {
		p.t.Fatal(err)
	}
	var read state
	if err := json.Unmarshal(text, &read); err != nil {
		p.t.Fatal(err)
	}
	return newPaperIn(p.t, mode, p.m.config.Workers, &read)
}

// upgrades lets a master on paper become another program.
func (p *paper) upgrades() *paper {
	p.t.Helper()
	p.m.signal(upgrade)
	return p.succeeds(p.m.config.Mode, p.becomes(func() { p.check(nil) }))
}

// A memory is an application that says what it knows to the one that comes after it.
type memory struct{ *paper }

func (memory) Keep() []byte { return []byte("what was agreed on") }

func TestUpgradeThenANewGenerationThenDrain(t *testing.T) {
	p := newPaper(t, 2)
	p.m.application = memory{p}
	p.ready(1, 2)
	p.m.signal(upgrade)
	p.pass(time.Minute) // the check takes its time, and nobody is disturbed
	p.said = nil
	q := p.succeeds(Shared, p.becomes(func() { p.check(nil) }))
	p.expect()
	q.expect("adopt 1", "joined 1", "adopt 2", "joined 2", "spawn 3/2", "spawn 4/2")
	if got := string(q.m.Kept()); got != "what was agreed on" {
		t.Errorf("the application has kept %q", got)
	}
	q.m.arrived(1, frame{typ: FirstApplicationType, payload: []byte("as before")})
	q.ready(3)
	q.expect("frame 1: as before", "joined 3")
	q.ready(4)
	q.expect("joined 4", "drain 1", "drain 2")
	q.dies(exitStatus{}, 1, 2)
	q.expect("left 1", "left 2")
	q = q.upgrades()
	q.expect("adopt 3", "joined 3", "adopt 4", "joined 4", "spawn 5/3", "spawn 6/3")
}

func TestUpgradeToWhatCannotStart(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.said = nil
	p.m.signal(upgrade)
	p.m.signal(hangUp) // an upgrade would have been a reload too; so this one waits
	p.check(errors.New("exec format error"))
	p.expect("spawn 2/2")
	p.expectLog(1, "nothing was changed")
	p.expectLog(1, "exec format error")
}

func TestUpgradeThatFailsLate(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.said = nil
	p.fail = errors.New("text file busy")
	p.m.signal(upgrade)
	p.check(nil)
	p.expect("thaw 1")
	p.expectLog(1, "text file busy")
	p.fail = nil
	q := p.upgrades() // and once more
	q.expect("adopt 1", "joined 1", "spawn 2/2")
}

func TestUpgradeDuringReload(t *testing.T) {
	p := newPaper(t, 1)
	p.ready(1)
	p.m.signal(hangUp)
	p.m.signal(upgrade)
	if p.check != nil {
		t.Fatal("the program on disk is asked while a generation is on its way")
	}
	p.ready(2)
	q := p.succeeds(Shared, p.becomes(func() { p.check(nil) }))
	q.expect("adopt 1", "joined 1", "adopt 2", "joined 2", "spawn 3/3")
	q.ready(3)
	q.expect("joined 3", "drain 2") // 1 was told before
	q.pass(20*time.Second - 1)
	q.expect()
	q.pass(1)
	q.expect("kill 1", "kill 2") // its time began anew
}

func TestUpgradeThatIsOvertakenByAStop(t *testing.T) {
	t.Run("while the program is asked", func(t *testing.T) {
		p := newPaper(t, 1)
		p.ready(1)
		p.said = nil
		p.m.signal(upgrade)
		p.m.signal(terminate)
		p.check(nil)
		p.expect("drain 1")
	})
	t.Run("while links stand still", func(t *testing.T) {
		p := newPaper(t, 1)
		p.ready(1)
		p.said = nil
		p.moved = func() { p.m.signal(terminate) }
		p.m.signal(upgrade)
		p.check(nil)
		p.expect("thaw 1", "drain 1")
	})
}

func TestUpgradeWithADeadWorker(t *testing.T) {
	p := newPaper(t, 3)
	p.ready(1, 2, 3)
	p.pass(time.Minute)
	p.m.signal(upgrade)
	p.m.linkEnded(1, nil) // dead, and not reaped
	p.dies(byKill, 2)     // dead, and replaced: by 4
	p.dies(byKill, 4)     // again, and the next one waits for its time
	p.said = nil
	q := p.succeeds(Shared, p.becomes(func() { p.check(nil) }))
	q.expect("adopt 1", "adopt 3", "joined 3", "spawn 5/2", "spawn 6/2", "spawn 7/2")
	q.pass(firstDelay)
	q.expect("spawn 8/1") // should the new generation not come up, the old one is whole
	q.m.ended(1, exitStatus{Unknown: true})
	q.expect("spawn 9/1")
	if !strings.Contains(q.log.String(), "status=unknown") {
		t.Errorf("the log does not say that the status is unknown:\n%s", q.log.String())
	}
}

// What the master has accepted goes with it, whether a worker was given it or not.
func TestUpgradeWithConnectionsInHand(t *testing.T) {
	p := newPaperIn(t, HandOver, 1, nil)
	p.ready(1)
	for range Window {
		p.arrive("sent")
	}
	p.arrive("waiting") // and the door waits with it
	p.m.signal(upgrade)
	p.said = nil
	p.check(nil)
	p.expect("stop accepting, empty false", "go on")
	q := p.succeeds(HandOver, p.becomes(p.closed))
	q.expect("adopt 1", "joined 1", "accept", "spawn 2/2")
	q.take(1)
	q.expect("hand 1: waiting")
	q.said = nil
	q.m.linkEnded(1, nil)
	q.m.ended(1, byKill)
	q.said = nil
	q.ready(2)
	if want := Window; len(q.m.workers[2].handed) != want {
		t.Errorf("%d connections came to the new worker, want %d: %q", len(q.m.workers[2].handed), want, q.said)
	}
}

// Descriptors in a state are given other numbers, and closed again if the upgrade fails; the master goes on
// with its own.
func TestAStateSharesNothingWithTheMaster(t *testing.T) {
	p := newPaperIn(t, HandOver, 1, nil)
	p.ready(1)
	for range Window + 1 {
		p.arrive("x")
	}
	sent, waits := p.m.workers[1].handed[0].Descriptor, p.m.waiting[0].Descriptor
	s, err := p.m.state()
	if err != nil {
		t.Fatal(err)
	}
	s.Listener, s.Workers[0].Link.Descriptor = sent, sent // on paper they are no descriptors
	undo, err := s.survive()
	if err != nil {
		t.Fatal(err)
	}
	undo()
	if got := p.m.workers[1].handed[0].Descriptor; got != sent || s.Workers[0].Handed[0].Descriptor == sent {
		t.Errorf("the connection that was sent is descriptor %d, and was %d", got, sent)
	}
	if got := p.m.waiting[0].Descriptor; got != waits || s.Waiting[0].Descriptor == waits {
		t.Errorf("the connection that waits is descriptor %d, and was %d", got, waits)
	}
	if _, err := unix.FcntlInt(uintptr(sent), unix.F_GETFD, 0); err != nil {
		t.Errorf("the master's own descriptor: %v", err)
	}
}
