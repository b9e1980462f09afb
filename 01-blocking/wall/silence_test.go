package wall_test

import (
	"testing"
	"time"

	"example.com/c10k/01-blocking/wall"
)

const (
	others  = 20
	enough  = 20 * time.Second       // for those that are served: it ends early
	awhile  = 50                     // times as long as threads needed, and nobody is served
	atLeast = 250 * time.Millisecond // of that while, on a quick machine
)

func run(t *testing.T, s wall.Silence) *wall.SilenceResult {
	t.Helper()
	result, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	if result.Served != s.Others {
		t.Fatalf("%v: %d were served", s, result.Served)
	}
	return result
}

// The wall, and the same load without it: with a thread for each connection the others are served while a
// client is silent, and one at a time nobody is, until it leaves.
func TestOneSilentClientStopsEverybody(t *testing.T) {
	load := wall.Silence{Silent: 1, Others: others, Threads: true, Patience: enough}
	threads := run(t, load)
	if threads.Meanwhile != others {
		t.Errorf("%v: %d were served while it was silent", load, threads.Meanwhile)
	}

	load.Threads, load.Patience = false, max(atLeast, min(awhile*threads.Last, enough))
	sequential := run(t, load)
	if sequential.Meanwhile != 0 {
		t.Errorf("%v: %d were served while it was silent", load, sequential.Meanwhile)
	}
	for _, lane := range sequential.Recording.Lanes()[1:] {
		if silent := sequential.Recording.Lanes()[0]; lane.Accepted < silent.Closed {
			t.Errorf("connection %d was accepted while the silent one was served", lane.Connection)
		}
	}
}

// A time-out turns "for ever" into "for that long each": the others wait for the sum.
func TestATimeoutIsPaidForEachSilentClient(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for _, silent := range []int{1, 3} {
		load := wall.Silence{Silent: silent, Others: others, Timeout: timeout}
		result := run(t, load)
		if result.Meanwhile != 0 {
			t.Errorf("%v: %d were served while one was silent", load, result.Meanwhile)
		}
		if result.Shortest < timeout {
			t.Errorf("%v: a silent client was given up after %v", load, result.Shortest)
		}
		last := result.Recording.Lanes()[silent+others-1]
		if least := time.Duration(silent) * timeout; last.Answered < least {
			t.Errorf("%v: the last was answered after %v, before %v had passed", load, last.Answered, least)
		}
	}
}
