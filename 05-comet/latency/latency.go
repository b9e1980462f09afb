// Package latency counts times in a histogram of a fixed size, however long a run is.
//
// Each power of two is divided into [fineness] parts, so a bucket is at most 1/32 wide of what it stands for,
// and everything fits into 15 KB. Histograms of several processes are added; as JSON only the buckets that
// hold something are written. One goroutine at a time uses one.
//
// What this package does not do: it measures no time itself.
package latency

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"time"
)

const (
	finenessBits = 5
	fineness     = 1 << finenessBits              // buckets for each power of two
	buckets      = (64 - finenessBits) * fineness // for every time that is an int64 of nanoseconds
)

// A Histogram tells how many things took how long. The zero Histogram is empty.
type Histogram struct {
	counts [buckets]int
	total  int
	most   time.Duration
}

// Add counts n things that took d each.
func (h *Histogram) Add(d time.Duration, n int) {
	h.counts[bucket(d)] += n
	h.total += n
	h.most = max(h.most, d)
}

// Merge adds all that another has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.most = max(h.most, other.most)
}

// Total is how many things were counted.
func (h *Histogram) Total() int { return h.total }

// Most is the longest time.
func (h *Histogram) Most() time.Duration { return h.most }

// bucket keeps the highest finenessBits+1 bits of the nanoseconds.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-finenessBits-1, 0)
	return shift*fineness + int(v>>shift)
}

// Share returns the time that this part of all things took at most: 0.5 is the median. It is the upper end
// of a bucket.
func (h *Histogram) Share(part float64) time.Duration {
	rest := int(part * float64(h.total))
	for i, n := range h.counts {
		if rest -= n; rest < 0 {
			shift := max(i/fineness-1, 0)
			upper := time.Duration(i-shift*fineness+1)<<shift - 1
			return min(upper, h.most)
		}
	}
	return h.most
}

// written is a Histogram as JSON.
type written struct {
	Most   time.Duration `json:"most"`
	Counts [][2]int      `json:"counts"` // number of a bucket, and what it holds
}

// MarshalJSON writes the buckets that hold something.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	w := written{Most: h.most}
	for i, n := range h.counts {
		if n != 0 {
			w.Counts = append(w.Counts, [2]int{i, n})
		}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*h = Histogram{most: w.Most}
	for _, c := range w.Counts {
		if c[0] < 0 || c[0] >= buckets {
			return fmt.Errorf("a histogram has no bucket %d", c[0])
		}
		h.counts[c[0]] += c[1]
		h.total += c[1]
	}
	return nil
}
