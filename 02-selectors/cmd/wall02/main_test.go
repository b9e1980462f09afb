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

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

const root = "../../.."

func TestMain(m *testing.M) {
	beServer() // the servers are this program too
	os.Exit(m.Run())
}

// What one strand did from top to bottom, in two local variables, the loop does in three places.
func TestTorn(t *testing.T) {
	straight, err := readShape(filepath.Join(root, straightFile))
	if err != nil {
		t.Fatal(err)
	}
	torn, err := readShape(filepath.Join(root, tornFile))
	if err != nil {
		t.Fatal(err)
	}
	want := shape{
		lines: straight.lines, functions: straight.functions,
		pieces: []string{"wait"}, stack: []string{"c", "news"},
	}
	if diff := cmp.Diff(want, straight, cmp.AllowUnexported(shape{})); diff != "" {
		t.Errorf("%s:\n%s", straightFile, diff)
	}
	want = shape{
		lines: torn.lines, functions: torn.functions,
		pieces: []string{"wait", "a function without a name", "notify"},
		heap:   []string{"waiter.exchange", "waiter.place", "c", "w"},
	}
	if diff := cmp.Diff(want, torn, cmp.AllowUnexported(shape{})); diff != "" {
		t.Errorf("%s:\n%s", tornFile, diff)
	}
}

// What the counting counts, on a file of which it is known.
func TestReadShape(t *testing.T) {
	const text = `// Package known is counted.
package known

import "strings"

// A waiter is 2 lines and its field 1.
type waiter struct {
	place int // on the heap
}

// NewComet is 1 line.
func NewComet() *Comet { return nil }

func (c *Comet) wait() {
	news := make(chan int)

	/* a comment
	of two lines */
	n, err := news.Recv()
	use(c, n, err, news.place)
}

// helper belongs to others too, and is not counted.
func helper() {
	_ = strings.Title
}
`
	name := filepath.Join(t.TempDir(), "known.go")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := readShape(name)
	if err != nil {
		t.Fatal(err)
	}
	want := shape{lines: 3 + 1 + 5, functions: 1, pieces: []string{"wait"}, stack: []string{"c", "news"}, heap: []string{"waiter.place"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shape{})); diff != "" {
		t.Error(diff)
	}
}

// On the loop nobody is answered before the slow handler has ended; on threads everybody is. The times are
// far apart, and longer for threads, whose slow handler is not waited for.
func TestSlow(t *testing.T) {
	for _, fault := range []string{"block", "spin"} {
		t.Run("selectors "+fault, func(t *testing.T) {
			d := 100 * time.Millisecond
			if s, err := slow("selectors", fault, d); err != nil || s.meanwhile != 0 || s.last < d {
				t.Errorf("%d of %d were answered while one handler was slow, the last after %v (%v)", s.meanwhile, neighbours, s.last, err)
			}
		})
		t.Run("threads "+fault, func(t *testing.T) {
			if s, err := slow("threads", fault, 5*time.Second); err != nil || s.meanwhile != neighbours {
				t.Errorf("%d of %d were answered while one handler was slow, the last after %v (%v)", s.meanwhile, neighbours, s.last, err)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	if sock.DescriptorLimit() < crowd+sock.Reserved {
		t.Skip("this process may open too few descriptors to come to select's end: raise ulimit -n to 2048")
	}
	for _, r := range pollersToEnd() {
		e, err := end(r)
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		switch {
		case r.poller == "select" && r.unlimited:
			// The server's own descriptors take a few of the 1024 numbers.
			if e.served >= poll.SelectLimit || e.served < poll.SelectLimit-sock.Reserved || !strings.Contains(e.next, "its sets end at 1023: choose -poller "+poll.Names()[0]) {
				t.Errorf("select without a limit: %+v", e)
			}
		case r.poller == "select":
			if want := (ending{poll.SelectLimit - sock.Reserved, "is told 503"}); e != want {
				t.Errorf("select: %+v, want %+v", e, want)
			}
		default:
			if e.served != crowd {
				t.Errorf("%s: %+v, want %d served", r.poller, e, crowd)
			}
		}
	}
}

func TestExhausted(t *testing.T) {
	spins, err := exhaust("forgetful") // an error if it does not
	if err != nil || spins.rate <= 0 {
		t.Errorf("%+v, %v", spins, err)
	}
	told, err := exhaust("selectors")
	want := exhaustion{failed: "0", told: "96 are told 503"} // 160 less 128 - 64
	if err != nil || told != want {
		t.Errorf("%+v, %v; want %+v", told, err, want)
	}
}

func TestCommand(t *testing.T) {
	if sock.DescriptorLimit() < crowd+sock.Reserved {
		t.Skip("this process may open too few descriptors to come to select's end: raise ulimit -n to 2048")
	}
	program := conform.Build(t, "example.com/c10k/02-selectors/cmd/wall02")
	file := filepath.Join(t.TempDir(), "wall.json")
	said, err := exec.Command(program, "-root", root, "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, title := range []string{"torn into", "stops everybody", "ends at descriptor 1023", "No descriptor is left"} {
		if !strings.Contains(string(said), title) {
			t.Errorf("no table %q in\n%s", title, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) || !strings.Contains(string(text), "block-last") {
		t.Errorf("-json wrote %s", text)
	}
	for _, mistake := range []struct {
		args   []string
		says   string
		status int
	}{
		{[]string{"-root", t.TempDir()}, "-root", 1},
		{[]string{"now"}, "unexpected", 2},
		{[]string{"-jason"}, "-jason", 2},
	} {
		said, err := exec.Command(program, mistake.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != mistake.status || strings.Count(string(said), "\n") != 1 || !strings.Contains(string(said), mistake.says) {
			t.Errorf("%v: %v, %q", mistake.args, err, said)
		}
	}
}
