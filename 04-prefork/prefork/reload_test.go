package prefork

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
