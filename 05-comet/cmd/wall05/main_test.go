package main

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/measure"
)

// A line of 3 a client above a base of 50, with samples that lie beside it by as much on both sides.
func TestSlope(t *testing.T) {
	var seen []sample
	for _, n := range []float64{100, 200, 400} {
		for _, beside := range []float64{-7, 7} {
			seen = append(seen, sample{clients: n, memory: 50 + 3*n + beside})
		}
	}
	if got := slope(seen, func(s sample) float64 { return s.memory }); math.Abs(got-3) > 1e-9 {
		t.Errorf("the slope is %v, not 3", got)
	}
}

func TestEnds(t *testing.T) {
	each := cost{user: 3000, kernel: 2000, cpu: 50e-6, last: 20e-6}
	got := each.ends(machine{cores: 2, memory: 5_000_000_000})
	want := map[string][2]float64{
		"memory": {got.memory, 1_000_000}, // 5 GB of 5,000 bytes each
		"cores":  {got.cores, 40_000},     // two seconds in each second, 50 µs for each client
		"answer": {got.answer, 50_000},    // one second of 20 µs each
	}
	for name, pair := range want {
		if math.Abs(pair[0]-pair[1]) > 1e-6*pair[1] {
			t.Errorf("%s: full at %.1f clients, not %.0f", name, pair[0], pair[1])
		}
	}
	if got := rounded(3_923_711); got != "3900000" {
		t.Errorf("rounded to %s", got)
	}
}

// The wall: each client that waits costs memory of the server, so that every machine is full at some number. A
// coroutine's stack alone is 2,048 bytes. (What the kernel takes is measured too, and not judged here: beside other
// tests its slabs grow and shrink for other reasons.)
func TestWall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a server costs is read from /proc: run this on Linux")
	}
	comet, wall := conform.Build(t, "../comet"), conform.Build(t, ".")
	file := filepath.Join(t.TempDir(), "wall-05.json")
	out, err := exec.Command(wall, "-serve", comet+" -addr {addr}", "-sizes", "200,1000", "-rounds", "1", "-json", file).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, part := range []string{"Measured", "Computed", "1000000", "This machine is full"} {
		if !strings.Contains(string(out), part) {
			t.Errorf("the tables lack %q:\n%s", part, out)
		}
	}
	text, err := os.ReadFile(file)
	var result measure.Result
	if err == nil {
		err = json.Unmarshal(text, &result)
	}
	if err != nil {
		t.Fatal(err)
	}
	cost := 0.0
	for _, m := range result.Measurements {
		if m.Quantity == "user-memory" {
			cost = m.Values[0]
		}
	}
	if cost < 2048 || cost > 50_000 {
		t.Errorf("a client costs %.0f bytes of the server's memory", cost)
	}
}

func TestMistakes(t *testing.T) {
	wall := conform.Build(t, ".")
	for _, test := range []struct {
		args, says string
		status     int
	}{
		{"-sizes 1000", "two points", 2},
		{"-sizes 1000,ten", "write different numbers", 2},
		{"-sizes 1000,1000", "write different numbers", 2},
		{"-rounds 0", "choose from 1", 2},
		{"-serve nowhere -sizes 100,200", "make build", 1},
	} {
		said, err := exec.Command(wall, strings.Fields(test.args)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.status || !strings.Contains(string(said), test.says) {
			t.Errorf("%s: %v, %q", test.args, err, said)
		}
	}
}
