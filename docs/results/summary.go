package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Summary is what is said of several values: the middle one, and how far they spread.
type Summary struct {
	Median, Least, Most float64
	Rounds              int
}

// Summarize sums up the values of the rounds; there is at least one.
func Summarize(values []float64) Summary {
	inOrder := slices.Sorted(slices.Values(values))
	n := len(inOrder)
	median := inOrder[n/2]
	if n%2 == 0 {
		median = (inOrder[n/2-1] + inOrder[n/2]) / 2
	}
	return Summary{median, inOrder[0], inOrder[n-1], n}
}

// Ratio sums up a divided by b, round by round, for two measurements of the same rounds.
func Ratio(a, b *Measurement) (Summary, error) {
	if len(a.Values) != len(b.Values) {
		return Summary{}, fmt.Errorf("%s has %d rounds and %s %d: only rounds measured side by side are divided",
			a.key(), len(a.Values), b.key(), len(b.Values))
	}
	if a.Unit != b.Unit {
		return Summary{}, fmt.Errorf("%s is in %s and %s in %s: they cannot be divided", a.key(), a.Unit, b.key(), b.Unit)
	}
	ratios := make([]float64, len(a.Values))
	for i := range ratios {
		if b.Values[i] == 0 {
			return Summary{}, fmt.Errorf("%s is 0 in round %d: nothing can be divided by it", b.key(), i+1)
		}
		ratios[i] = a.Values[i] / b.Values[i]
	}
	return Summarize(ratios), nil
}

// Number writes a value with three digits that count, and commas between thousands: 6.31, 48.2, 12,400.
func Number(v float64) string {
	if v == 0 {
		return "0"
	}
	if v < 0 {
		return "-" + Number(-v)
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64) // rounded: 9.999 is 10.0, not 10.00
	digits := 2 - int(math.Floor(math.Log10(v)))
	text := strconv.FormatFloat(v, 'f', max(digits, 0), 64)
	whole, fraction, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

// Describe is the environment in one line, to stand below a table.
func (e *Environment) Describe() string {
	commit := e.Commit[:min(len(e.Commit), 12)]
	return fmt.Sprintf("%s, %d cores, %d MiB, %s %s, %s, %s; commit %s, %s",
		e.CPU, e.Cores, e.MemoryBytes>>20, e.OS, e.Kernel, e.Go, e.Load, commit, e.Date.UTC().Format("2006-01-02"))
}
