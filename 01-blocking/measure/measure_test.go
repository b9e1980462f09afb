package measure

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is written has the keys of the form that docs/results reads: its own fixture, decoded here and written
// again, says the same, and nothing in it is unknown here.
func TestForm(t *testing.T) {
	text, err := os.ReadFile("../../docs/results/testdata/hello.json")
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "new", "hello.json")
	if err := r.Write(name); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written again the fixture is different (- docs/results, + here):\n%s", diff)
	}
}

// docs/results refuses a result whose environment is not complete.
func TestNew(t *testing.T) {
	r := New("title", "nothing")
	e := r.Environment
	if r.Schema != 1 || r.Title != "title" || !strings.HasPrefix(r.Command, "bin/") ||
		e.Date.IsZero() || e.Commit == "" || e.Go == "" || e.OS == "" || e.Kernel == "" || e.Kernel == unknown ||
		e.CPU == "" || !strings.HasPrefix(e.Load, "nothing") || e.Cores < 1 || e.MemoryBytes < 1<<20 || e.Limits["descriptors"] < 1 {
		t.Errorf("not complete: %+v", r)
	}
}

// Values of the same quantity, subject and place come together, in the order of the rounds.
func TestAdd(t *testing.T) {
	var r Result
	for round := range 2 {
		r.Add("epoll", "cost", "µs", float64(round))
		for _, at := range []float64{10, 100} {
			r.AddAt("epoll", "cost", "µs", at, "idle descriptors", at+float64(round))
		}
	}
	ten, hundred := 10.0, 100.0
	want := []Measurement{
		{Subject: "epoll", Quantity: "cost", Unit: "µs", Values: []float64{0, 1}},
		{Subject: "epoll", Quantity: "cost", Unit: "µs", At: &ten, AtUnit: "idle descriptors", Values: []float64{10, 11}},
		{Subject: "epoll", Quantity: "cost", Unit: "µs", At: &hundred, AtUnit: "idle descriptors", Values: []float64{100, 101}},
	}
	if diff := cmp.Diff(want, r.Measurements); diff != "" {
		t.Error(diff)
	}
}

// A command that was given no file writes none, and says nothing.
func TestSave(t *testing.T) {
	var out strings.Builder
	r := New("title", "nothing")
	if err := r.Save("", &out); err != nil || out.Len() > 0 {
		t.Errorf("without a name: %v, and it says %q", err, &out)
	}
	name := filepath.Join(t.TempDir(), "saved.json")
	if err := r.Save(name, &out); err != nil || out.String() != "written to "+name+"\n" {
		t.Errorf("to %s: %v, and it says %q", name, err, &out)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}
