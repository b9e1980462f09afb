package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/measure"
)

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "stevens"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	exit := m.Run()
	os.RemoveAll(bin)
	os.Exit(exit)
}

var (
	bin       string // the servers of all designs, for all tests
	buildOnce sync.Once
)

// built makes the servers, once. The client who comes when everybody sleeps comes 200 times: starting and stopping a
// program puts its threads to sleep some dozens of times, not always as often, and that is taken off what is seen.
func built(t *testing.T) settings {
	t.Helper()
	buildOnce.Do(func() {
		for _, program := range []string{"01-blocking/cmd/blocking", "02-selectors/cmd/selectors", "03-coroutines/cmd/coroutines", "04-prefork/cmd/prefork"} {
			made := conform.Build(t, "example.com/c10k/"+program)
			if err := os.Rename(made, filepath.Join(bin, filepath.Base(made))); err != nil {
				t.Fatal(err)
			}
		}
	})
	return settings{bin: bin, workers: 3, requests: 60, idle: 200, rounds: 1, time: 100 * time.Millisecond}
}

// Every design answers every connection, from as many processes as it has. Of what they cost, only what no
// busy machine can turn round is asserted: a process for each connection is dearer than everything else.
func TestEveryDesign(t *testing.T) {
	s := built(t)
	all := map[string][]seen{}
	for _, d := range designs {
		one, err := measured(s, d)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		all[d.name] = []seen{one}
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
		if one.sleeps <= 0 {
			t.Errorf("%s: %v sleeps for a connection, with one client at a time", d.name, one.sleeps)
		}
	}
	for name, seen := range all {
		if name != "exec" && seen[0].cost > all["exec"][0].cost {
			t.Errorf("%s costs %.0f µs a connection, a process for each %.0f", name, seen[0].cost, all["exec"][0].cost)
		}
	}
	r := measure.New("test", "test")
	report(io.Discard, s, r, all)
	for _, d := range designs {
		if got := values(t, r, d.name, "cpu"); got[0] != all[d.name][0].cost {
			t.Errorf("%s has cost %v, and the result says %v", d.name, all[d.name][0].cost, got)
		}
	}
}

// What handing over costs is a difference of each round, and its median: a round that was disturbed does not
// move it.
func TestWhatHandingOverCosts(t *testing.T) {
	all := map[string][]seen{}
	for _, d := range designs {
		all[d.name] = make([]seen, 3)
		for round := range all[d.name] {
			all[d.name][round].workers = map[string]int{"1": 1}
		}
	}
	for round, cost := range []float64{30, 500, 31} {
		all["shared"][round].cost = cost
	}
	for round, cost := range []float64{100, 571, 104} {
		all["handoff"][round].cost = cost
	}
	var out strings.Builder
	r := measure.New("test", "test")
	report(&out, settings{rounds: 3, workers: 1}, r, all)
	if !strings.Contains(out.String(), "costs 71 µs") {
		t.Errorf("of 70, 71 and 73 µs more it has printed\n%s", out.String())
	}
	if got := values(t, r, "handing-over", "extra"); !slices.Equal(got, []float64{70, 71, 73}) {
		t.Errorf("the result has %v", got)
	}
}

// values are those of a measurement.
func values(t *testing.T, r *measure.Result, subject, quantity string) []float64 {
	t.Helper()
	for _, m := range r.Measurements {
		if m.Subject == subject && m.Quantity == quantity {
			return m.Values
		}
	}
	t.Fatalf("there is no %s of %s", quantity, subject)
	return nil
}

// A worker that computes for 500 µs cannot answer more than 2,000 times a second, and two not more than twice
// that, but for what was under way when the time was over. What nginx is compared with says so if there is none.
func TestScaleAndFiles(t *testing.T) {
	s := built(t)
	r := measure.New("test", "test")
	var out strings.Builder
	if err := errors.Join(scale(&out, s, r), files(&out, s, r)); err != nil {
		t.Fatal(err)
	}
	underWay := clients / s.time.Seconds()
	for subject, most := range map[string]float64{"spin-1": 2000, "spin-2": 4000} {
		if rate := values(t, r, subject, "rate")[0]; rate > most+underWay {
			t.Errorf("%s: %.0f answers a second, and each takes 500 µs", subject, rate)
		}
	}
	for _, subject := range []string{"hello-1", "hello-2"} {
		values(t, r, subject, "rate")
	}
	_, err := exec.LookPath("nginx")
	installed := err == nil
	if !installed && !strings.Contains(out.String(), "nginx is not installed") {
		t.Errorf("no word about nginx in\n%s", out.String())
	}
	for _, subject := range []string{"files", "files-threads"} {
		values(t, r, subject+"-hello", "cpu")
		small, large := values(t, r, subject+"-1k", "cpu")[0], values(t, r, subject+"-10m", "cpu")[0]
		if large < 5*small { // it is a hundred times as much, or so
			t.Errorf("%s: an answer of 10 MiB costs %.0f µs, and one of 1 KiB %.0f", subject, large, small)
		}
		if !installed {
			continue
		}
		if over, nginx := values(t, r, subject+"-1k", "over-nginx")[0], values(t, r, "nginx-1k", "cpu")[0]; over != small/nginx {
			t.Errorf("%s: %.0f µs are %.2f of nginx's %.0f", subject, small, over, nginx)
		}
	}
}

func TestOnly(t *testing.T) {
	if all, err := choose(""); err != nil || len(all) != len(experiments) {
		t.Errorf("nothing was named, and %d were chosen, %v", len(all), err)
	}
	if some, err := choose("files,designs"); err != nil || len(some) != 2 || some[0].name != "files" || some[1].name != "designs" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := choose("files,speed"); err == nil || !strings.Contains(err.Error(), "speed: choose from designs, scale, files") {
		t.Errorf("an experiment that is none: %v", err)
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
	faults := design{program: "prefork", workers: true}.command(built(t), 1, "-app", "faults") // it has nothing at /
	if _, _, err := serveOnce(faults, func(address string) error {
		if _, err := connections(address, 2, 2); err == nil {
			t.Error("every connection was answered 404, and all is well")
		}
		if _, err := asked(address, "/", 2, time.Second); err == nil {
			t.Error("every request was answered 404, and all is well")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	s := settings{bin: filepath.Join(t.TempDir(), "nothing"), rounds: 1}
	if err := compare(io.Discard, s, measure.New("test", "test")); err == nil || !strings.Contains(fmt.Sprint(err), designs[0].name) {
		t.Errorf("there are no servers: %v", err)
	}
}
