package main

import (
	"strings"
	"testing"
)

func measured(subject string, at float64, values ...float64) measurement {
	m := measurement{Subject: subject, Quantity: "cpu", Unit: "µs", Values: values}
	if at > 0 {
		m.At = &at
	}
	return m
}

// A round in which everything took ten times as long changes no ratio.
func TestRatioIsOfTheSameRound(t *testing.T) {
	a, b := measured("a", 0, 3, 30, 6, 3), measured("b", 0, 2, 20, 4, 1)
	if got, err := ratio(&a, &b); err != nil || got != (summary{1.5, 1.5, 3}) {
		t.Errorf("%v, %v; want 1.5, from 1.5 to 3", got, err)
	}
	short, zero := measured("c", 0, 1), measured("d", 0, 1, 0, 1, 1)
	for _, bad := range []*measurement{nil, &short, &zero} {
		if got, err := ratio(&a, bad); err == nil {
			t.Errorf("divided by %v it is %v", bad, got)
		}
	}
}

func TestJudge(t *testing.T) {
	was := summary{1.10, 1.08, 1.12}
	for _, c := range []struct {
		is   summary
		want string
	}{
		{summary{1.30, 1.25, 1.35}, verdictSlower},
		{summary{1.30, 1.11, 1.35}, verdictSame}, // one round says otherwise
		{summary{1.14, 1.13, 1.15}, verdictSame}, // less than the noise
		{summary{1.00, 0.95, 1.05}, verdictFaster},
		{summary{1.00, 0.95, 1.09}, verdictSame},
	} {
		if got := judge(was, c.is, 0.05); got != c.want {
			t.Errorf("from %v to %v it is %s, want %s", was, c.is, got, c.want)
		}
	}
}

// The table stands beside what was published, and doubts itself when the same server differs.
func TestTable(t *testing.T) {
	base, again := reference[0].name, reference[1].name
	r := &result{Title: "Hello", Measurements: []measurement{measured(base, 0, 2, 2), measured(again, 0, 2.2, 2.4), measured("x", 0, 3, 5), measured("y", 0, 3)}}
	published := &result{Measurements: []measurement{measured(base, 0, 10), measured("x", 0, 12.5)}}
	var out strings.Builder
	table(&out, r, published)
	rows := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if words := strings.Fields(line); len(words) > 1 {
			rows[words[0]] = strings.Join(words[1:], " ")
		}
	}
	for subject, want := range map[string]string{
		base:     "2.00 2.00 to 2.00 1.00 1.00 to 1.00 1.00",
		again:    "2.30 2.20 to 2.40 1.15 1.10 to 1.20 -",
		"x":      "4.00 3.00 to 5.00 2.00 1.50 to 2.50 1.25",
		"y":      "3.00 3.00 to 3.00 - - -",
		"noisy:": base + " and " + again + " are the same server, and in half of the rounds they differ by 15 % or more: take no smaller difference for one; stop other programs and measure again",
	} {
		if rows[subject] != want {
			t.Errorf("%s: %q, want %q\n%s", subject, rows[subject], want, &out)
		}
	}
}

// Values on an axis are kept apart from each other, and what fails is taken out at its place alone.
func TestResultHasPlaces(t *testing.T) {
	var r result
	for _, at := range []int{0, 10, 100} {
		r.enter("x", "cpu", "µs", at, float64(at)+0.12345)
		r.enter("x", "cpu", "µs", at, float64(at)+1)
	}
	if m := r.find("x", "cpu", 10); m == nil || len(m.Values) != 2 || m.Values[0] != 10.123 || m.AtUnit == "" {
		t.Errorf("at 10 there is %+v", m)
	}
	r.forget("x", 10)
	if r.find("x", "cpu", 10) != nil || r.find("x", "cpu", 100) == nil || r.find("x", "cpu", 0) == nil {
		t.Errorf("one place was to be forgotten: %+v", r.Measurements)
	}
}

func TestNumber(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 6.314: "6.31", 9.999: "10.0", 48.16: "48.2", 118: "118", 12345: "12,300", 1013880: "1,010,000", 0.01234: "0.0123", -876: "-876", -1234: "-1,230"} {
		if got := number(value); got != want {
			t.Errorf("number(%v) = %s, want %s", value, got, want)
		}
	}
}
