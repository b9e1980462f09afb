package poll

import (
	"math"
	"testing"
	"time"
)

// Upwards, always: what is rounded down makes a loop spin until its timer is due.
func TestRounding(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		milli  int
		micros time.Duration
	}{
		{0, 0, 0},
		{1, 1, 1},
		{time.Microsecond, 1, 1},
		{time.Microsecond + 1, 1, 2},
		{time.Millisecond, 1, 1000},
		{time.Millisecond + 1, 2, 1001},
		{time.Second - 1, 1000, 1000000},
		{math.MaxInt64, math.MaxInt32, math.MaxInt32 * 1000}, // not beyond what a C int holds
	} {
		if got := milliseconds(c.d); got != c.milli {
			t.Errorf("%v is %d ms, want %d", c.d, got, c.milli)
		}
		if got := microseconds(c.d); got != c.micros {
			t.Errorf("%v is %d µs, want %d", c.d, int64(got), int64(c.micros))
		}
	}
	for _, d := range []time.Duration{-1, math.MinInt64} {
		if got := milliseconds(d); got != -1 {
			t.Errorf("%v is %d ms, want -1, for ever", d, got)
		}
	}
}
