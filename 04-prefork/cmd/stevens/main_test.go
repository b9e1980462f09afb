package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/measure"
)

// built puts the servers of all designs into one directory.
func built(t *testing.T) settings {
	t.Helper()
	s := settings{bin: t.TempDir(), workers: 3, requests: 60, rounds: 1, time: 100 * time.Millisecond}
	for _, program := range []string{"01-blocking/cmd/blocking", "02-selectors/cmd/selectors", "03-coroutines/cmd/coroutines", "04-prefork/cmd/prefork"} {
		made := conform.Build(t, "example.com/c10k/"+program)
		if out, err := exec.Command("mv", made, s.bin).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return s
}

// Every design answers every connection, from as many processes as it has. Of what they cost, only what no
// busy machine can turn round is asserted: a process for each connection is dearer than everything else.
func TestEveryDesign(t *testing.T) {
	s := built(t)
	costs := map[string]float64{}
	for _, d := range designs {
		one, err := measured(s, d)
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		costs[d.name] = one.cost
		shares, total := one.shares()
		least, most := 1, 1
		switch {
		case d.name == "exec":
			least, most = s.requests, s.requests
		case d.name == "handoff": // in turn
			least, most = s.workers, s.workers
		case d.workers: // as luck has it
			most = s.workers
		}
		if total != s.requests || len(shares) < least || len(shares) > most {
			t.Errorf("%s: %d answers, by worker %v; want %d, from %d to %d processes", d.name, total, shares, s.requests, least, most)
		}
		if d.name == "handoff" && (one.most()-one.least())*float64(s.requests)/100 > 2 {
			t.Errorf("handed over in turn, and the shares are %v", shares)
		}
		if listens := d.name == "shared" || d.name == "exclusive" || d.name == "shared-threads"; listens && !one.counted {
			t.Errorf("%s: the workers did not say how often they were woken for nothing", d.name)
		}
	}
	for name, cost := range costs {
		if name != "exec" && cost > costs["exec"] {
			t.Errorf("%s costs %.0f µs a connection, a process for each %.0f", name, cost, costs["exec"])
		}
	}
}

// The other two experiments run and fill the table; what nginx is compared with says so if there is none.
func TestScaleAndFiles(t *testing.T) {
	s := built(t)
	r := measure.New("test", "test")
	var out strings.Builder
	if err := errors.Join(scale(&out, s, r), files(&out, s, r)); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("nginx"); err != nil {
		if !strings.Contains(out.String(), "nginx is not installed") {
			t.Errorf("no word about nginx in\n%s", out.String())
		}
	}
	for _, row := range []string{"spin", "hello", "1k ", "10m "} {
		if !strings.Contains(out.String(), "\n  "+row) {
			t.Errorf("no row %q in\n%s", row, out.String())
		}
	}
}

func TestHerd(t *testing.T) {
	said := "msg=\"worker is done\" worker=worker-1 accepted=10 woken-for-nothing=3\nlevel=INFO woken-for-nothing=12\n"
	if n, counted := herd(said, 10); n != 1.5 || !counted {
		t.Errorf("%v, %v", n, counted)
	}
	if _, counted := herd("nothing of the kind", 10); counted {
		t.Error("counted what was not said")
	}
}

func TestHistogram(t *testing.T) {
	one := seen{workers: map[string]int{"7": 50, "8": 30, "9": 20}}
	if got := one.histogram(); got != "▅▃▂ 50% 30% 20%" {
		t.Errorf("%q", got)
	}
}

// What a load cannot do is an error, and not a small number.
func TestALoadFails(t *testing.T) {
	address, err := conform.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connections(address, 2, 2); err == nil {
		t.Error("nobody listens, and all is well")
	}
	if _, err := asked(address, "/", 2, time.Second); err == nil {
		t.Error("nobody listens, and all is well")
	}
	s := settings{bin: filepath.Join(t.TempDir(), "nothing"), rounds: 1}
	if err := compare(io.Discard, s, measure.New("test", "test")); err == nil || !strings.Contains(fmt.Sprint(err), designs[0].name) {
		t.Errorf("there are no servers: %v", err)
	}
}
