package load

import (
	"math/bits"
	"time"
)

// Latencies are counted in buckets: each power of two is divided into fineness parts, so a bucket is at
// most 1/32 wide of what it stands for, and a run of any length takes the same 15 KB.
const (
	finenessBits = 5
	fineness     = 1 << finenessBits
	buckets      = (64 - finenessBits) * fineness
)

// latencies are how many requests took how long.
type latencies struct {
	counts [buckets]int
	total  int
	most   time.Duration
}

func (l *latencies) add(d time.Duration, n int) {
	l.counts[bucket(d)] += n
	l.total += n
	l.most = max(l.most, d)
}

// bucket keeps the highest finenessBits+1 bits of the nanoseconds.
func bucket(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-finenessBits-1, 0)
	return shift*fineness + int(v>>shift)
}

// share returns the time within which this part of all requests was answered: 0.5 is the median. It is the
// upper end of a bucket.
func (l *latencies) share(part float64) time.Duration {
	rest := int(part * float64(l.total))
	for i, n := range l.counts {
		if rest -= n; rest < 0 {
			shift := max(i/fineness-1, 0)
			upper := time.Duration(i-shift*fineness+1)<<shift - 1
			return min(upper, l.most)
		}
	}
	return l.most
}
