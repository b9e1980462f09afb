package main

import "slices"

// confidence is how sure a verdict must be that the median lies in its interval.
const confidence = 0.9

// interval is where the median lies of what the values are a sample of, with this confidence at least: from
// the kth least value to the kth greatest. How likely the median is below the kth of n values is how likely
// fewer than k of n tosses of a coin show heads, whatever the values' distribution. Five values are the
// fewest that can be as sure (15 in 16 that the median is between the extremes); with fewer it is not known.
func interval(values []float64) (s summary, known bool) {
	s = sumUp(values)
	inOrder := slices.Sorted(slices.Values(values))
	n := len(inOrder)
	half := 1.0 // of all outcomes of n tosses; then that of one with k heads
	for range n {
		half /= 2
	}
	tail, outcome := 0.0, half
	for k := 1; 2*k <= n; k++ {
		tail += outcome // that fewer than k show heads
		if 1-2*tail < confidence {
			break
		}
		s.least, s.most, known = inOrder[k-1], inOrder[n-k], true
		outcome = outcome * float64(n-k+1) / float64(k)
	}
	return s, known
}
