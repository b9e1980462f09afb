package poll_test

import (
	"runtime"
	"testing"

	"example.com/c10k/02-selectors/poll"
)

func TestKeepPlace(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		name        string
		environment string
		have, want  int
	}{
		{"one processor", "", 1, 2},
		{"two of them", "", 2, 2},
		{"four of them", "", 4, 4},
		{"one, because somebody said so", "1", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", c.environment)
			runtime.GOMAXPROCS(c.have)
			if poll.KeepPlace(); runtime.GOMAXPROCS(0) != c.want {
				t.Errorf("%d places, not %d", runtime.GOMAXPROCS(0), c.want)
			}
		})
	}
}
