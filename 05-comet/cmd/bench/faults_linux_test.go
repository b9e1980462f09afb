package main

import (
	"os"
	"strings"
	"testing"

	"example.com/c10k/05-comet/swarm"
)

// Every fault is caused, and harms those whom it must: of a server with a goroutine for each connection nobody but
// by a crash, of one that serves one connection after the other everybody but by a leak.
func TestFaults(t *testing.T) {
	t.Setenv(roleVariable, "bench")
	r := &result{}
	commands := map[string]string{
		"net-http":   os.Args[0] + " -server net-http -app faults -addr {addr}",
		"sequential": os.Args[0] + " as in-turn",
	}
	for _, f := range allFaults {
		for model, command := range commands {
			if err := f.measure(t.Context(), model, command, r); err != nil {
				t.Fatalf("%s, %s: %v", model, f.title, err)
			}
		}
	}
	const most, none = 50, 0 // in percent: on a busy machine an answer may take longer than it should
	// The race detector keeps as much memory again as what it watches: so a leak may be twice as large, and more.
	for _, c := range []struct {
		model, quantity string
		least, most     float64
	}{
		{"net-http", "slow-connected", most, 100}, {"net-http", "slow-new", most, 100},
		{"net-http", "hog-connected", most, 100}, {"net-http", "hog-new", most, 100},
		{"net-http", "crash-connected", none, none}, {"net-http", "crash-new", none, none},
		{"net-http", "leak-connected", most, 100}, {"net-http", "leak-memory", leaks, 4 * leaks},
		{"sequential", "slow-new", none, none}, {"sequential", "slow-slowest", 2000, 60_000},
		{"sequential", "hog-new", none, none}, {"sequential", "hog-slowest", 200, 60_000},
		{"sequential", "crash-new", none, none},
		{"sequential", "leak-new", most, 100}, {"sequential", "leak-memory", leaks, 4 * leaks},
	} {
		m := r.find(c.model, c.quantity, 0)
		if m == nil || len(m.Values) != 1 || m.Values[0] < c.least || m.Values[0] > c.most {
			t.Errorf("%s, %s: %+v, want one value from %v to %v", c.model, c.quantity, m, c.least, c.most)
		}
	}
	if m := r.find("sequential", "slow-connected", 0); m != nil {
		t.Errorf("somebody was connected to the sequential model: %+v", m)
	}
	var out strings.Builder
	faultTable(&out, r)
	for _, f := range allFaults {
		if !strings.Contains(out.String(), f.title) {
			t.Errorf("the table has no line %q:\n%s", f.title, &out)
		}
	}
}

// Under comet a crash is a worker that was killed, and what its command cannot be made to do is not caused.
func TestFaultsOfComet(t *testing.T) {
	t.Setenv(roleVariable, "bench")
	r := &result{}
	for _, f := range allFaults {
		caused := f.causeUnder(cometModel) != nil
		if want := f.name == "slow" || f.name == "crash"; caused != want {
			t.Errorf("%s: caused %v", f.title, caused)
		}
		if f.causeUnder("net-http") == nil {
			t.Errorf("%s is not caused under net-http", f.title)
		}
		if f.name != "crash" {
			continue
		}
		var words lastWords
		server, err := swarm.StartServer(t.Context(), os.Args[0]+" as master", &words)
		if err != nil {
			t.Fatal(words.add(err))
		}
		defer server.Stop()
		o := &offender{server: server, address: strings.TrimPrefix(server.URL, "http://")}
		if b, err := arrive(o.address); err != nil {
			t.Errorf("before the fault: %v", err)
		} else if err := b.ask(); err != nil {
			t.Errorf("before the fault: %v", err)
		}
		if err := f.causeUnder(cometModel)(o); err != nil {
			t.Fatal(err)
		}
		if _, err := arrive(o.address); err == nil {
			t.Error("after its only worker was killed somebody accepts")
		}
	}
	var out strings.Builder
	r.enter(cometModel, "slow-slowest", "ms", 0, 1)
	faultTable(&out, r)
	if !strings.Contains(out.String(), "not caused") {
		t.Errorf("the table does not say what is not caused:\n%s", &out)
	}
}

// A fault that does not happen is an error, and not a good result.
func TestFaultThatDoesNotHappen(t *testing.T) {
	t.Setenv(roleVariable, "bench")
	hello := os.Args[0] + " -server net-http -app hello -addr {addr}"
	for _, f := range allFaults {
		if f.name != "hog" {
			continue // the others are seen by their answer, or by its absence
		}
		if err := f.measure(t.Context(), "net-http", hello, &result{}); err == nil || !strings.Contains(err.Error(), "nothing computes") {
			t.Errorf("%s: %v", f.title, err)
		}
	}
}
