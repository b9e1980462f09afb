package experiment_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"example.com/c10k/01-blocking/experiment"
)

const requests = 20

func nagle(t *testing.T, n experiment.Nagle) (held int, median time.Duration) {
	t.Helper()
	result, err := n.Run(requests)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(result.Times)
	return result.Held, result.Times[requests/2]
}

// The body is held back until the client has acknowledged the head, which it is in no hurry to do. (The first
// acknowledgements of a connection are quick, so not every body is.)
func TestTwoWritesWait(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is held back is asked of Linux (TCP_INFO); other systems delay for other times")
	}
	held, slow := nagle(t, experiment.Nagle{TwoWrites: true})
	if held < requests/2 {
		t.Errorf("of %d answers in two writes %d were held back", requests, held)
	}
	for name, cure := range map[string]experiment.Nagle{
		"one write":                   {},
		"two writes with TCP_NODELAY": {TwoWrites: true, NoDelay: true},
	} {
		held, quick := nagle(t, cure)
		if held > 0 {
			t.Errorf("%s: %d answers were held back", name, held)
		}
		if slow < 10*quick {
			t.Errorf("%s takes %v, and two writes %v: not ten times as long", name, quick, slow)
		}
	}
}
