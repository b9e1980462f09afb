package comet

import (
	"testing"
	"time"
)

// faceWith is a face whose chance is always the same.
func faceWith(chance float64) *face {
	return &face{Config: Config{Wait: 25 * time.Second, Random: func() float64 { return chance }}}
}

const almostOne = 1 - 1e-12 // Random's results are below 1

// A wait of 25 s, give or take a tenth: 22.5 s at the least, 27.5 s at the most, and all that lies between.
func TestWaitsAreJittered(t *testing.T) {
	for chance, want := range map[float64]time.Duration{0: 22500 * time.Millisecond, 0.5: 25 * time.Second, almostOne: 27500 * time.Millisecond} {
		f := faceWith(chance)
		if got := f.jittered(f.Wait, 0.1).Round(time.Millisecond); got != want {
			t.Errorf("chance %v: a wait of %v, not %v", chance, got, want)
		}
	}
}

// Those who are refused come back spread over ten seconds, and none at once.
func TestRetryAfterIsJittered(t *testing.T) {
	for chance, want := range map[float64]string{0: "1", 0.55: "6", almostOne: "10"} {
		if got := faceWith(chance).retryAfter(); got.Name != "Retry-After" || got.Value != want {
			t.Errorf("chance %v: %s: %s, not %s", chance, got.Name, got.Value, want)
		}
	}
}
