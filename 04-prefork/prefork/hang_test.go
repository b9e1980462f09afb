package prefork

import (
	"testing"
	"time"
)

func TestHangThenKill(t *testing.T) {
	p := newPaper(t, 2)
	p.ready(1, 2)
	p.pass(10 * time.Minute)
	p.said, p.hang = nil, true
	p.pass(10*time.Second + 30*time.Second - 1) // the time between two questions, and HangTimeout
	p.expect()
	p.pass(1)
	p.expect("kill 1", "kill 2")
	p.expectLog(2, "it hangs")
	p.hang = false
	p.dies(byKill, 1)
	p.expect("left 1", "spawn 3/1")
}

// A drain has a time of its own, and so has a worker that is not ready.
func TestOnlyWhoServesIsAskedWhetherItHangs(t *testing.T) {
	p := newPaper(t, 1)
	p.m.config.DrainTimeout, p.m.config.StartTimeout = time.Hour, time.Hour
	p.hang = true
	p.ready(1)
	p.m.signal(hangUp)
	p.ready(2)
	p.m.signal(hangUp) // worker 3 does not get ready
	p.said = nil
	p.dies(exitStatus{}, 2) // and 4 takes the place of 2
	p.expect("left 2", "spawn 4/2")
	p.pass(50 * time.Minute)
	p.expect()
}
