package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
)

func TestMain(m *testing.M) {
	beServer() // the servers are this program too
	os.Exit(m.Run())
}

// What /spin computes is a time on the clock, so on one thread the portions add up, whatever else the machine
// does; and in two processes, they overlap, even if those share a core. How many cores were really busy depends on
// who else wants them; that it is not more than one, on one thread, does not.
func TestCores(t *testing.T) {
	const computing = 600 * time.Millisecond
	one, err := cores("coroutines", 1, computing)
	if err != nil {
		t.Fatal(err)
	}
	if one.wall < computing {
		t.Errorf("one process computed for %v within %v: not on one thread", computing, one.wall)
	}
	if one.cores() > 1.2 { // a little is the runtime's: its monitor, its collector
		t.Errorf("one process used %.2f cores", one.cores())
	}
	two, err := cores("coroutines", 2, computing)
	if err != nil {
		t.Fatal(err)
	}
	if two.wall > computing*9/10 {
		t.Errorf("two processes computed for %v in %v: one after the other", computing, two.wall)
	}
}

// A panic costs its own client the connection and nobody else; a crash costs all clients of that process theirs.
func TestStrike(t *testing.T) {
	for _, c := range []struct {
		fault     string
		processes int
		want      fate
	}{
		{"panic", 1, fate{told: 30}},
		{"crash", 1, fate{lost: 30}},
		{"crash", 2, fate{lost: 15, told: 15}},
	} {
		if f, err := strike(c.fault, c.processes, 30); f != c.want || err != nil {
			t.Errorf("/%s of %d processes: %+v, %v; want %+v", c.fault, c.processes, f, err, c.want)
		}
	}
}

// On the loop nobody is answered before the slow handler has ended; off it, everybody is. The times are far
// apart, and longer where the slow handler is not waited for.
func TestSlow(t *testing.T) {
	for _, fault := range []string{"block", "spin"} {
		d := 100 * time.Millisecond
		if s, err := slow("coroutines", fault, d); err != nil || s.meanwhile != 0 || s.last < d {
			t.Errorf("%s on the loop: %d of %d were answered meanwhile, the last after %v (%v)", fault, s.meanwhile, neighbours, s.last, err)
		}
		if s, err := slow("offload", fault, 5*time.Second); err != nil || s.meanwhile != neighbours {
			t.Errorf("%s off the loop: %d of %d were answered meanwhile, the last after %v (%v)", fault, s.meanwhile, neighbours, s.last, err)
		}
	}
}

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/wall03")
	file := filepath.Join(t.TempDir(), "wall.json")
	said, err := exec.Command(program, "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, title := range []string{"Two cores, one used", "One crash takes everybody down", "off the loop nobody"} {
		if !strings.Contains(string(said), title) {
			t.Errorf("no table %q in\n%s", title, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"two-processes", "crash-two-processes", "offload"} {
		if !json.Valid(text) || !strings.Contains(string(text), `"`+subject+`"`) {
			t.Errorf("nothing of %s in what -json wrote:\n%s", subject, text)
		}
	}
	for _, mistake := range []string{"now", "-jason"} {
		said, err := exec.Command(program, mistake).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 ||
			strings.Count(string(said), "\n") != 1 || !strings.Contains(string(said), mistake) {
			t.Errorf("%s: %v, %q", mistake, err, said)
		}
	}
}
