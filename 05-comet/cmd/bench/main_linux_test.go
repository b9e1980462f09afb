package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/measure"
)

// Every subject has one value a round of each quantity, the sums are right, and the server counts what the
// record says: the warm-up and the requests.
func TestRunIsRecorded(t *testing.T) {
	out, counts := filepath.Join(t.TempDir(), "results"), filepath.Join(t.TempDir(), "counts")
	status, stdout, stderr := bench(t, "-run", "hello,hello-close,hello-pipelined", "-only", reference[0].name, "-rounds", "2",
		"-requests", "320", own("counting", "as counts "+counts+" {addr}"), "-out", out)
	if status != 0 {
		t.Fatalf("exit status %d:\n%s", status, stderr)
	}
	for _, name := range []string{"hello", "hello-close", "hello-pipelined"} {
		r := read(t, out, name)
		for _, s := range []string{reference[0].name, reference[1].name, "counting"} {
			cpu, user, system := r.find(s, "cpu", 0), r.find(s, "user", 0), r.find(s, "system", 0)
			if cpu == nil || user == nil || system == nil || len(cpu.Values) != 2 || len(user.Values) != 2 || cpu.Unit != "µs" {
				t.Fatalf("%s: of %s there are %v, %v and %v; want two values of each", name, s, cpu, user, system)
			}
			for i, all := range cpu.Values {
				if sum := user.Values[i] + system.Values[i]; all <= 0 || sum < all-0.01 || sum > all+0.01 {
					t.Errorf("%s: round %d of %s: %v µs are %v user and %v system", name, i, s, all, user.Values[i], system.Values[i])
				}
			}
			if !strings.Contains(stdout, s) {
				t.Errorf("the table has no %s:\n%s", s, stdout)
			}
		}
		if e := r.Environment; e.Commit == "" || e.Kernel == "unknown" || e.Cores < 1 || e.MemoryBytes < 1<<20 || e.Load == "" || e.Date.IsZero() {
			t.Errorf("the environment is not complete: %+v", e)
		}
		if !strings.HasPrefix(r.Command, "bin/bench -run hello,") || r.Title == "" || r.Schema != measure.Schema {
			t.Errorf("the record begins with %q, %q, %d", r.Title, r.Command, r.Schema)
		}
	}
	text, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	const warm, first = 50 * 8, 50
	want := map[string]int{
		fmt.Sprint(first + warm + 320):    4, // hello and hello-close, two rounds each
		fmt.Sprint(first + warm*16 + 320): 2, // hello-pipelined
	}
	got := map[string]int{}
	for _, line := range strings.Fields(string(text)) {
		got[line]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the server counted (-want +got):\n%s", diff)
	}
}

// A server that loses a millisecond in each request is measured slower by that, and compared it is called slower.
func TestSlowedServerIsNoticed(t *testing.T) {
	const spin = 1000.0 // µs, so much that no noise of a busy machine comes near it
	fast, slow := filepath.Join(t.TempDir(), "fast"), filepath.Join(t.TempDir(), "slow")
	for directory, us := range map[string]int{fast: 0, slow: spin} {
		status, _, stderr := bench(t, "-run", "hello", "-only", reference[0].name, "-rounds", "3", "-requests", "300",
			own("mine", fmt.Sprintf("-server net-http -spin %dus -app {app} -addr {addr}", us)), "-out", directory)
		if status != 0 {
			t.Fatalf("exit status %d:\n%s", status, stderr)
		}
	}
	before, after := sumUp(read(t, fast, "hello").find("mine", "cpu", 0).Values), sumUp(read(t, slow, "hello").find("mine", "cpu", 0).Values)
	if lost := after.median - before.median; lost < 0.8*spin || lost > 3*spin {
		t.Errorf("a request costs %v µs, and %v with %v µs lost in each", before.median, after.median, spin)
	}
	for _, c := range []struct {
		old, new string
		status   int
		verdict  string
	}{{fast, slow, exitFailed, verdictSlower}, {slow, fast, 0, verdictFaster}, {fast, fast, 0, verdictSame}} {
		status, stdout, stderr := bench(t, "-compare", c.old, c.new)
		if status != c.status || !strings.Contains(stdout, c.verdict) {
			t.Errorf("exit status %d, want %d and %q:\n%s%s", status, c.status, c.verdict, stdout, stderr)
		}
	}
}

// Comet is measured with parked clients: CPU for each, and the memory.
func TestParkedClientsAreMeasured(t *testing.T) {
	out := t.TempDir()
	status, _, stderr := bench(t, "-run", "comet-1000", "-only", "net-http", "-rounds", "1", "-time", "1ms", "-out", out)
	if status != 0 {
		t.Fatalf("exit status %d:\n%s", status, stderr)
	}
	r := read(t, out, "comet-1000")
	for _, s := range []string{reference[0].name, "net-http"} {
		for _, quantity := range []string{"cpu", "median", "last", "memory"} {
			if m := r.find(s, quantity, 0); m == nil || len(m.Values) != 1 || m.Values[0] < 0 || quantity == "cpu" && m.Values[0] == 0 {
				t.Errorf("%s of %s: %+v", quantity, s, m)
			}
		}
	}
}

// A server that answers wrongly in one round has no values at all, what it said is shown, and the others are recorded
// all the same.
func TestWrongServerHasNoValues(t *testing.T) {
	out := t.TempDir()
	status, _, stderr := bench(t, "-run", "hello", "-only", reference[0].name, "-rounds", "2", "-requests", "1000",
		own("wrong", "as wrong "+filepath.Join(t.TempDir(), "before")+" {addr}"), "-out", out)
	if status != exitFailed {
		t.Errorf("exit status %d, want %d", status, exitFailed)
	}
	for _, want := range []string{"wrong, hello: 1 of 50 clients failed: 1: an answer differs from the first one", "a thousand is too many", "1 of the servers failed"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q:\n%s", want, stderr)
		}
	}
	r := read(t, out, "hello")
	if m := r.find("wrong", "cpu", 0); m != nil {
		t.Errorf("the wrong server has values: %+v", m)
	}
	if m := r.find(reference[0].name, "cpu", 0); m == nil || len(m.Values) != 2 {
		t.Errorf("the reference has %+v, want two rounds", m)
	}
}

// ^C ends it, with its servers, and nothing is written.
func TestInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	c := process("-run", "hello", "-only", reference[0].name, "-rounds", "1000", "-time", "10ms", "-out", out)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	lines := bufio.NewReader(io.TeeReader(stderr, &said))
	for line := ""; !strings.Contains(line, "bench: 1 of "); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("it ended (%v) and said %s", err, &said)
		}
	}
	c.Process.Signal(syscall.SIGINT)
	io.Copy(io.Discard, lines) // its servers and clients have it too: the end means that all are gone
	c.Wait()
	if status := c.ProcessState.ExitCode(); status != exitInterrupted || !strings.Contains(said.String(), "interrupted") {
		t.Errorf("exit status %d, want %d; it said %s", status, exitInterrupted, &said)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

// A mistake is one line that says what to do.
func TestMistakes(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-rnds"}, exitUsage, "not defined: -rnds"},
		{[]string{"hello"}, exitUsage, `what is "hello"?`},
		{[]string{"-run", "helo"}, exitUsage, "no such workload: choose from hello, hello-close"},
		{[]string{"-only", "corutines"}, exitUsage, "no such server: choose from " + reference[0].name},
		{[]string{"-rounds", "-1"}, exitUsage, "-rounds, -time and -requests"},
		{[]string{"-resume"}, exitUsage, "say which with -out"},
		{[]string{"-add", "mine"}, exitUsage, "write NAME=COMMAND"},
		{[]string{"-add", "mine=./mine"}, exitUsage, "with {addr} in the command"},
		{[]string{"-add", "coroutines=./mine {addr}"}, exitUsage, "is measured already"},
		{[]string{"-server", "apache"}, exitUsage, "choose floor or net-http or nginx or nchan or node"},
		{[]string{"-server", "net-http", "-app", "echo"}, exitUsage, "choose hello or comet or faults"},
		{[]string{"-server", "nginx", "-app", "comet"}, exitUsage, "with -server nginx choose hello"},
		{[]string{"-faults", "-run", "hello"}, exitUsage, "leave -run, -only and -add out"},
		{[]string{"-goals", empty}, exitUsage, "measure with bench -out " + empty},
		{[]string{"-compare", empty}, exitUsage, "bench -compare OLD NEW"},
		{[]string{"-compare", empty, empty}, exitUsage, "measure with bench -out " + empty},
		{[]string{"-bin", empty, "-only", "coroutines"}, exitFailed, "run make build first"},
		{[]string{"-server", "net-http", "-addr", "192.0.2.1:0"}, exitFailed, "choose another -addr"},
	} {
		status, stdout, stderr := bench(t, c.args...)
		first, _, _ := strings.Cut(stderr, "\n")
		if status != c.status || !strings.Contains(first, c.says) || stdout != "" {
			t.Errorf("%q: exit status %d and %q; want %d and …%s…", c.args, status, first, c.status, c.says)
		}
	}
}

// What this program writes is what the figures of the chapters are made from: a file of theirs is read without
// a loss, with every key known.
func TestFormIsTheOneThatIsPublished(t *testing.T) {
	name := filepath.Join("..", "..", "..", "docs", "results", "testdata", "hello.json")
	r, err := readResult(name)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := errors.Join(json.Unmarshal(theirs, &want), json.Unmarshal(ours, &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read and written again it differs (-want +got):\n%s", diff)
	}
}
