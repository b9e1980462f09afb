package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The program runs, all clients are told rightly, and the time is this run's.
func TestOnGevent(t *testing.T) {
	python, err := findGevent()
	if err != nil {
		t.Skip(err)
	}
	const clients = 450 // not a multiple of those that start together
	r, err := onGevent(python, clients)
	if err != nil {
		t.Fatal(err)
	}
	if r.clients != clients || r.used.user <= 0 || r.used.total() > time.Minute || r.used.wall <= 0 || r.peak < 1<<20 {
		t.Errorf("%d clients took %+v and %d bytes", r.clients, r.used, r.peak)
	}
	if _, err := onGevent(python, -1); err == nil {
		t.Error("fewer than no clients are no error")
	}
}

// Where no Python has it, that is an error which says what to install.
func TestNoGevent(t *testing.T) {
	known := pythons
	defer func() { pythons = known }()
	pythons = []string{"no-such-python", "/bin/false"}
	if python, err := findGevent(); !errors.Is(err, errNoGevent) || !strings.Contains(err.Error(), "python3-gevent") {
		t.Errorf("%q, %v", python, err)
	}
}

func TestParseGevent(t *testing.T) {
	r, err := parseGevent("100 1.5 0.5 3.25 2048\n", 100)
	if want := (used{3250 * time.Millisecond, 1500 * time.Millisecond, 500 * time.Millisecond}); err != nil || r.used != want {
		t.Errorf("%+v, %v; want %+v", r, err, want)
	}
	for _, line := range []string{"", "100 1.5", "99 1.5 0.5 3.25 2048", "Traceback (most recent call last):"} {
		if _, err := parseGevent(line, 100); err == nil {
			t.Errorf("%q is no error", line)
		}
	}
}

// A goal is met if all rounds say so, missed if none does; and gevent's is not spoken of without gevent.
func TestGoals(t *testing.T) {
	of := func(user, system int) round {
		return round{used: used{user: time.Duration(user) * time.Second, system: time.Duration(system) * time.Second}}
	}
	for _, c := range []struct {
		ours, theirs  []round
		share, beside string
	}{
		{[]round{of(3, 7), of(2, 8)}, []round{of(20, 10), of(31, 0)}, "met, in 2 of 2", "met, in 2 of 2"},
		{[]round{of(3, 7), of(4, 6)}, []round{of(20, 9), of(31, 0)}, "undecided, in 1 of 2", "undecided, in 1 of 2"},
		{[]round{of(5, 5)}, []round{of(20, 9)}, "missed, in 0 of 1", "missed, in 0 of 1"},
		{[]round{of(3, 7)}, nil, "met, in 1 of 1", ""},
	} {
		var out strings.Builder
		goals(&out, c.ours, c.theirs)
		share, beside, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
		if !strings.Contains(share, c.share) || !strings.Contains(beside, c.beside) || (beside == "") != (c.beside == "") {
			t.Errorf("it says\n%s\nand should %q, %q", &out, c.share, c.beside)
		}
	}
}
