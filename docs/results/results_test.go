package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPublished reads every published result: what stands in this directory is whole.
func TestPublished(t *testing.T) {
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "testdata/hello.json") {
		if strings.HasSuffix(name, ".trace.json") {
			continue // a recording, which the chapter's timeline reads
		}
		if _, err := Read(name); err != nil {
			t.Error(err)
		}
	}
}

func TestWriteAndRead(t *testing.T) {
	r, err := Read("testdata/hello.json")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "again.json")
	if err := Write(name, r); err != nil {
		t.Fatal(err)
	}
	again, err := Read(name)
	if diff := cmp.Diff(r, again); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// What is not whole is not written, and who asks for a value beside the axis is not given one of the axis.
func TestWriteAndFindRefuse(t *testing.T) {
	r, err := Read("testdata/hello.json")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := r.Find("poll", "wait", nil); err == nil {
		t.Errorf("found %+v, which is on an axis", m)
	}
	r.Title = ""
	name := filepath.Join(t.TempDir(), "bad.json")
	if err := Write(name, r); err == nil || !strings.Contains(err.Error(), "title") {
		t.Errorf("without a title: %v", err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("it was written all the same")
	}
}

func TestReadRefuses(t *testing.T) {
	whole, err := os.ReadFile("testdata/hello.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"schema": 1`, `"schema": 2`, "the schema is 2"},
		{`"cores": 2`, `"cores": 0`, "no cores"},
		{`"kernel": "6.18.5"`, `"kernel": ""`, "not complete"},
		{`"title"`, `"titel"`, "unknown field"},
		{`"subject": "threads"`, `"subject": "coroutines"`, "measured twice"},
		{`"subject": "threads"`, `"subject": "two words"`, "lower-case"},
		{`"values": [38.1, 37.5, 39.9]`, `"values": []`, "values are missing"},
	} {
		name := filepath.Join(t.TempDir(), "bad.json")
		text := strings.Replace(string(whole), c.old, c.new, 1)
		if text == string(whole) {
			t.Fatalf("the fixture has no %s", c.old)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.new, err, c.want)
		}
	}
}

func TestSummarize(t *testing.T) {
	if got, want := Summarize([]float64{3, 1, 2}), (Summary{2, 1, 3, 3}); got != want {
		t.Errorf("odd: %v, want %v", got, want)
	}
	if got, want := Summarize([]float64{4, 1, 2, 3}), (Summary{2.5, 1, 4, 4}); got != want {
		t.Errorf("even: %v, want %v", got, want)
	}
}

// TestRatio: a round in which everything took ten times as long does not spread the ratio.
func TestRatio(t *testing.T) {
	a := &Measurement{Subject: "a", Unit: "µs", Values: []float64{2, 20, 4}}
	b := &Measurement{Subject: "b", Unit: "µs", Values: []float64{1, 10, 2}}
	if got, err := Ratio(a, b); err != nil || got != (Summary{2, 2, 2, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []*Measurement{{Unit: "µs", Values: []float64{1}}, {Unit: "ms", Values: []float64{1, 1, 1}}, {Unit: "µs", Values: []float64{1, 0, 1}}} {
		if _, err := Ratio(a, bad); err == nil {
			t.Errorf("dividing by %v is no error", bad)
		}
	}
}

func TestNumber(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 6.314: "6.31", 9.999: "10.0", 48.16: "48.2", 118: "118", 12345: "12,300", 1013880: "1,010,000", 0.01234: "0.0123", -2.5: "-2.50", 0.9996: "1.00"} {
		if got := Number(value); got != want {
			t.Errorf("Number(%v) = %s, want %s", value, got, want)
		}
	}
}
