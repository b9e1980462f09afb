package latency

import (
	"encoding/json"
	"testing"
	"time"
)

func TestShares(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 33, 63, 64, 1000, time.Millisecond, 123456789, time.Hour} {
		var h Histogram
		h.Add(d, 1)
		h.Add(24*time.Hour, 1)
		if got := h.Share(0.25); got < d || float64(got-d) > float64(d)/fineness {
			t.Errorf("%v is told as %v", d, got)
		}
	}
	var h Histogram
	for i := range 1000 {
		h.Add(time.Duration(i+1)*time.Microsecond, 1)
	}
	near := func(got, want time.Duration) bool { return got >= want && got < want+want/16 }
	if !near(h.Share(0.5), 501*time.Microsecond) || !near(h.Share(0.99), 991*time.Microsecond) || h.Share(1) != time.Millisecond {
		t.Errorf("of 1 to 1000 µs the median is %v, the 99th percentile %v, the most %v", h.Share(0.5), h.Share(0.99), h.Share(1))
	}
}

// Things are counted by their number, no share took longer than the longest, and a clock that was set back in between
// makes a time of nothing.
func TestAdd(t *testing.T) {
	var h Histogram
	h.Add(1000, 3)
	h.Add(-5, 2)
	if h.Total() != 5 || h.Share(0.39) != 0 || h.Share(0.41) != 1000 {
		t.Errorf("of 2 things below 0 and 3 of 1 µs: %d in all, %v after the first two, %v after that", h.Total(), h.Share(0.39), h.Share(0.41))
	}
}

// What several processes have counted, and written, is what one would have counted.
func TestMergedAcrossJSON(t *testing.T) {
	var one, two, both, read Histogram
	for i := range 2000 {
		d := time.Duration(i*i) * time.Microsecond
		both.Add(d, 1)
		if i%3 == 0 {
			one.Add(d, 1)
		} else {
			two.Add(d, 1)
		}
	}
	text, err := json.Marshal(&two)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	one.Merge(&read)
	if one != both {
		t.Errorf("%d things, the longest %v, the median %v; want %d, %v, %v",
			one.Total(), one.Most(), one.Share(0.5), both.Total(), both.Most(), both.Share(0.5))
	}
	for _, bad := range []string{`{"counts":[[100000,1]]}`, `{"counts":[[-1,1]]}`} {
		if json.Unmarshal([]byte(bad), &read) == nil {
			t.Errorf("a bucket that there is not was read: %s", bad)
		}
	}
}
