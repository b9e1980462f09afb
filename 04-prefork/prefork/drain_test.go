package prefork

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDrainLetsWorkersFinish(t *testing.T) {
	r := start(t, "", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGTERM
	r.wait("frame 1: one more thing", "left 1", "frame 2: one more thing", "left 2")
	r.waitExit(0)
}

func TestDrainEndsAtItsTime(t *testing.T) {
	r := start(t, "stubborn", 1, func(c *Config) { c.DrainTimeout = 10 * time.Millisecond })
	r.wait("joined 1", "serving")
	r.signals <- unix.SIGTERM
	r.wait("left 1")
	r.waitExit(0)
}

func TestASecondStopIsAtOnce(t *testing.T) {
	r := start(t, "stubborn", 2, nil) // would be given a minute
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGTERM
	r.signals <- unix.SIGTERM
	r.wait("left 1", "left 2")
	r.waitExit(0)
}

func TestTermToAWorkerDrainsAndReplacesIt(t *testing.T) {
	r := start(t, "", 1, nil)
	r.wait("joined 1", "serving")
	unix.Kill(r.process(1), unix.SIGINT) // ignored: the master's business
	unix.Kill(r.process(1), unix.SIGTERM)
	r.wait("frame 1: one more thing", "left 1", "joined 2")
}

func TestReloadReplacesAllWorkers(t *testing.T) {
	r := start(t, "serve", 2, nil)
	r.wait("joined 1", "joined 2", "serving")
	r.signals <- unix.SIGHUP
	r.wait("joined 3", "joined 4", "left 1", "left 2")
	if name, _, err := whoAnswers(r.address); err != nil || name != "worker-3" && name != "worker-4" {
		t.Errorf("%s answers, %v", name, err)
	}
}

func TestReloadThatCannotStartLeavesTheOldOne(t *testing.T) {
	r := start(t, "refuse-second", 1, nil)
	r.wait("joined 1", "serving")
	r.signals <- unix.SIGHUP
	givenUp := func() (gone bool) {
		r.do(func(m *Master) { gone = m.coming == nil && m.generations == 2 && len(m.workers) == 1 })
		return gone
	}
	for began := time.Now(); !givenUp(); {
		if time.Since(began) > patience {
			t.Fatal("the new generation is not given up")
		}
	}
	r.do(func(m *Master) { m.Send(1, typeEcho, []byte("still here")) })
	r.wait("frame 1: still here")
}
