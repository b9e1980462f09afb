package prefork

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// A stop is announced first, and for some time everything goes on: who dies is replaced, but nothing new is begun.
func TestAnAnnouncedStop(t *testing.T) {
	p := newPaper(t, 2)
	p.m.config.StopDelay = 5 * time.Second
	p.ready(1, 2)
	p.said = nil
	p.m.signal(unix.SIGTERM)
	p.expect("stopping")
	p.m.signal(unix.SIGHUP)
	p.m.signal(unix.SIGUSR2)
	p.dies(byKill, 1)
	p.expect("left 1", "spawn 3/1")
	p.ready(3)
	p.expect("joined 3")
	p.pass(5*time.Second - 1)
	p.expect()
	p.pass(1)
	p.expect("drain 2", "drain 3")
	p.dies(exitStatus{}, 2, 3)
	p.expect("left 2", "left 3")
	if !p.m.finished || p.m.exit != 0 {
		t.Errorf("finished %v with exit status %d", p.m.finished, p.m.exit)
	}
}

// A second stop does not wait for what the first one announced.
func TestStopTwiceWhileAnnouncedThenKill(t *testing.T) {
	p := newPaper(t, 2)
	p.m.config.StopDelay = 5 * time.Second
	p.ready(1, 2)
	p.m.signal(unix.SIGTERM)
	p.said = nil
	p.m.signal(unix.SIGTERM)
	p.expect("drain 1", "drain 2", "kill 1", "kill 2")
	p.dies(byKill, 1, 2)
	p.expect("left 1", "left 2")
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
	p.pass(time.Minute)
	p.expect()
}

// An upgrade that is being prepared when a stop is announced does not come about: the stop would be forgotten.
func TestAnAnnouncedStopPreventsAnUpgrade(t *testing.T) {
	p := newPaper(t, 1)
	p.m.config.StopDelay = 5 * time.Second
	p.ready(1)
	p.m.signal(unix.SIGUSR2)
	p.said = nil
	p.m.signal(unix.SIGTERM)
	p.check(nil) // the program on disk could take over
	p.expect("stopping")
	p.pass(5 * time.Second)
	p.expect("drain 1")
}
