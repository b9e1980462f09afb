package prefork

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	hangUp    = unix.SIGHUP
	terminate = unix.SIGTERM
	upgrade   = unix.SIGUSR2
)

// arrive lets a connection come through the door of a master on paper. Nobody is at the other end.
func (p *paper) arrive(early string) {
	p.t.Helper()
	r, w := openPipe(p.t)
	unix.Close(w)
	p.m.accepted(connection{Descriptor: r, Early: []byte(early)})
}

func (p *paper) take(ids ...WorkerID) {
	for _, id := range ids {
		p.m.arrived(id, frame{typ: typeTaken})
	}
}

func TestHandOverInTurns(t *testing.T) {
	before := descriptors(t)
	p := newPaperIn(t, HandOver, 3, nil)
	p.ready(1, 2)
	p.said = nil
	p.ready(3)
	p.expect("joined 3", "accept", "serving")
	for _, c := range []string{"a", "b", "c", "d"} {
		p.arrive(c)
	}
	p.expect("hand 1: a", "go on", "hand 2: b", "go on", "hand 3: c", "go on", "hand 1: d", "go on")
	p.m.signal(hangUp)
	p.ready(4, 5, 6) // those before drain now
	p.said = nil
	p.arrive("e")
	p.arrive("f")
	p.expect("hand 4: e", "go on", "hand 5: f", "go on")
	p.take(1, 2, 3, 1, 4, 5) // one that drains has taken what was sent before
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

// Nobody is given more than Window connections that it has not taken, and then the door waits.
func TestHandOverThenAllWindowsAreFull(t *testing.T) {
	p := newPaperIn(t, HandOver, 2, nil)
	p.ready(1, 2)
	for range 2 * Window {
		p.arrive("x")
	}
	p.said = nil
	p.arrive("one too many")
	p.expect()
	p.take(2)
	p.expect("hand 2: one too many", "go on")
	p.take(1)
	p.expect()
}

// What was sent to a worker that dies, and not taken, goes to the others before anything that came later.
func TestDeathThenItsConnectionsAreGivenToOthers(t *testing.T) {
	before := descriptors(t)
	p := newPaperIn(t, HandOver, 2, nil)
	p.ready(1, 2)
	for _, c := range []string{"a", "b", "c", "d", "e"} {
		p.arrive(c)
	}
	p.take(1)
	p.said = nil
	p.m.linkEnded(1, nil)
	p.expect("left 1", "hand 2: c", "hand 2: e")
	p.m.linkEnded(2, nil)
	p.expect("left 2")
	p.m.ended(1, byKill)
	p.expect("spawn 3/1")
	p.ready(3)
	p.expect("joined 3", "hand 3: b", "hand 3: d", "hand 3: c", "hand 3: e")
	p.take(3, 3, 3, 3)
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

// A worker that is told to end by somebody else is drained like any other, after what was sent to it.
func TestLeavingThenDrain(t *testing.T) {
	p := newPaperIn(t, HandOver, 2, nil)
	p.ready(1, 2)
	p.arrive("a")
	p.said = nil
	p.m.arrived(1, frame{typ: typeLeaving})
	p.arrive("b")
	p.arrive("c")
	p.expect("drain 1", "hand 2: b", "go on", "hand 2: c", "go on")
	p.take(1, 2, 2)
}

func TestStopThenTheQueueThenDrain(t *testing.T) {
	p := newPaperIn(t, HandOver, 1, nil)
	p.ready(1)
	p.said = nil
	p.m.signal(terminate)
	p.expect("stop accepting, empty true")
	p.arrive("queued")
	p.expect("hand 1: queued", "go on")
	p.closed()
	p.expect("drain 1")
	p.take(1)
	p.dies(exitStatus{}, 1)
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
}

func TestStopTwiceWithTheQueueThenKill(t *testing.T) {
	before := descriptors(t)
	p := newPaperIn(t, HandOver, 1, nil)
	p.ready(1)
	p.m.signal(terminate)
	p.arrive("queued")
	p.said = nil
	p.m.signal(terminate)
	p.expect("kill 1")
	p.dies(byKill, 1)
	p.arrive("nobody is left for it")
	p.expect("left 1", "go on")
	p.closed()
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestTakenWhatWasNotGivenThenKill(t *testing.T) {
	p := newPaperIn(t, HandOver, 1, nil)
	p.ready(1)
	p.said = nil
	p.take(1)
	p.expect("kill 1")
}

func TestAProcessForEachConnection(t *testing.T) {
	p := newPaperIn(t, EachConnection, 2, nil)
	p.expect("accept", "serving")
	for range 3 {
		p.arrive("")
	}
	spawned := func(want int) {
		t.Helper()
		n := 0
		for _, said := range p.said {
			if strings.HasPrefix(said, "spawn") {
				n++
			}
		}
		if n != want {
			t.Fatalf("%d processes were started, want %d: %q", n, want, p.said)
		}
	}
	spawned(2)
	p.ready(1)
	p.dies(exitStatus{}, 1) // it has served its connection, and makes room
	spawned(3)
	p.m.signal(hangUp)
	spawned(3)
	p.ready(2)
	p.said = nil
	p.m.signal(terminate)
	p.expect("stop accepting, empty true", "drain 2", "drain 3") // 3 is not ready, and has a connection
	p.arrive("")
	p.expect()
	p.dies(exitStatus{}, 2, 3)
	p.closed()
	if !slices.Contains(p.said, "drain 4") {
		t.Errorf("said %q, want the process of the last connection to be drained", p.said)
	}
	p.dies(exitStatus{}, 4)
	if !p.m.finished {
		t.Error("nobody is left, and the master waits")
	}
}
