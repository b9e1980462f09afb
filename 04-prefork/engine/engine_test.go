package engine

import (
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/04-prefork/prefork"
)

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, engine string)) {
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) { t.Parallel(); test(t, engine) })
	}
}

// A worker waits for its listener and for its link at the same time: with no connection at all it hears that it
// is to go, and with one that rests it hears both that another comes and that it is to go.
func TestListenerAndLinkAreHeardAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, engine string) {
		nobody := start(t, role{Engine: engine})
		nobody.stop()
		nobody.waitEnd(t)

		s := start(t, role{Engine: engine})
		rests := s.dial(t)
		pid := rests.ask("/pid")
		other := s.dial(t)
		if again := other.ask("/pid"); again != pid {
			t.Errorf("process %s and process %s answer, and one worker was asked for", pid, again)
		}
		half := s.dial(t)
		half.send(get("/first") + get("/last")[:10])
		half.expect("/first")
		s.stop()
		rests.expectEnd()
		other.expectEnd()
		half.send(get("/last")[10:])
		if a, body := half.answer(); body != "/last" || !a.Close {
			t.Errorf("the request under way was answered %q, close %v; want /last, and the end", body, a.Close)
		}
		half.expectEnd()
		s.waitEnd(t)
		if said := s.said.text(); !strings.Contains(said, "accepted=3 ") {
			t.Errorf("the worker does not say at its end that it has accepted 3 connections:\n%s", said)
		}
	})
}

// A drain waits for what is under way, and for no longer than DrainTime: a handler that waits for ever is cut off
// then, and the worker's exit status is 0 still. On coroutines its wait is cancelled, and it can answer.
func TestADrainHasATime(t *testing.T) {
	const drain = 300 * time.Millisecond
	onBoth(t, func(t *testing.T, engine string) {
		s := start(t, role{Engine: engine, Drain: drain})
		waits := s.dial(t)
		waits.send(get("/ever"))
		s.hears(t, waiting)
		began := time.Now()
		s.stop()
		if engine == "coroutines" {
			waits.expect(strand.ErrCanceled.Error())
		}
		waits.expectEnd()
		if took := time.Since(began); took < drain {
			t.Errorf("it was cut off after %v, and had %v", took, drain)
		}
		s.waitEnd(t)
	})
}

// An application on coroutines is told of the drain, and can send those away who wait for something else.
func TestTheApplicationHearsOfTheDrain(t *testing.T) {
	s := start(t, role{Engine: "coroutines"})
	waits := s.dial(t)
	waits.send(get("/drain"))
	s.hears(t, waiting)
	s.stop()
	waits.expect("the drain begins")
	s.waitEnd(t)
}

// The master's frames reach the application between two coroutines, and its handlers in their channels.
func TestFramesReachTheApplication(t *testing.T) {
	s := start(t, role{Engine: "coroutines"})
	if body := s.dial(t).ask("/ask"); body != "asked and answered" {
		t.Errorf("the master's answer is %q", body)
	}
}

// A loop that hangs does not answer its master, is killed and replaced, and the next client is served by
// another process. A thread that hangs is one of many, and the others serve on.
func TestWhatHangs(t *testing.T) {
	t.Run("coroutines", func(t *testing.T) {
		t.Parallel()
		s := start(t, role{Engine: "coroutines", Hang: time.Second})
		hangs := s.dial(t)
		before := hangs.ask("/pid")
		hangs.send(get("/block"))
		hangs.expectEnd()
		if after := s.dial(t).ask("/pid"); after == before {
			t.Errorf("process %s hangs, and answers", before)
		}
		if !strings.Contains(s.said.text(), "it hangs") {
			t.Error("the master does not say why")
		}
	})
	t.Run("threads", func(t *testing.T) {
		t.Parallel()
		s := start(t, role{Engine: "threads", Drain: time.Millisecond})
		hangs, other := s.dial(t), s.dial(t)
		before := hangs.ask("/pid")
		hangs.send(get("/block"))
		for range 100 {
			if after := other.ask("/pid"); after != before {
				t.Fatalf("process %s was replaced by %s", before, after)
			}
		}
	})
}

// A process that was started for one connection serves it to its end, with as many requests as come, and ends
// with it; the next connection has another.
func TestAProcessForOneConnection(t *testing.T) {
	s := start(t, role{Engine: "threads", Mode: prefork.EachConnection, Workers: 2})
	seen := map[string]bool{}
	for range 4 { // more than two, so the processes before have ended
		c := s.dial(t)
		pid := c.ask("/pid")
		if again := c.ask("/pid"); again != pid {
			t.Errorf("process %s, then process %s answers on one connection", pid, again)
		}
		if seen[pid] {
			t.Errorf("process %s serves two connections", pid)
		}
		seen[pid] = true
		c.Close()
	}
}
