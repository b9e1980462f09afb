package main

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/sim"
)

// Each poller carries server and clients, as many as fit. That all were told is what run checks itself;
// here it is that the command has not taken fewer than it could.
func TestOnMachine(t *testing.T) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) {
			r, err := onMachine(options{clients: 300, poller: name}, 0)
			if err != nil || r.clients != 300 {
				t.Errorf("%d clients of 300, %v", r.clients, err)
			}
		})
	}
}

func TestOnPaper(t *testing.T) {
	r, err := onPaper(options{clients: 10_000, seed: 1}, 0)
	if err != nil || r.clients != 10_000 {
		t.Fatalf("%d clients of 10000, %v", r.clients, err)
	}
	if each := int(r.heap+r.stacks) / r.clients; each > perClient {
		t.Errorf("a simulated client takes %d bytes, more than the %d that the command reckons with", each, perClient)
	}
	if _, err := onPaper(options{clients: 10_000, seed: 1}, 1<<20); err == nil || !strings.Contains(err.Error(), "ask for fewer") {
		t.Errorf("10,000 clients in 1 MB: %v", err)
	}
}

// What fits is decided by descriptors, two for each client, and then by ports.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		asked, descriptors, fit int
		says                    string
	}{
		{9900, 20_000, 9900, ""},
		{10_000, 20_000, 9900, "raise ulimit -n"},
		{100, 1024, 100, ""},
		{10_000, 100, 0, "raise ulimit -n"},
	} {
		fits, says := fit(c.asked, c.descriptors)
		if fits != c.fit || !strings.Contains(says, c.says) || (says == "") != (c.says == "") {
			t.Errorf("%d clients and %d descriptors: %d, %q", c.asked, c.descriptors, fits, says)
		}
	}
}

func TestSource(t *testing.T) {
	for _, c := range []struct {
		i, of int
		from  netip.Addr
	}{
		{19_999, 20_000, netip.Addr{}},
		{0, 60_000, netip.MustParseAddr("127.0.0.1")},
		{19_999, 60_000, netip.MustParseAddr("127.0.0.1")},
		{20_000, 60_000, netip.MustParseAddr("127.0.0.2")},
		{59_999, 60_000, netip.MustParseAddr("127.0.0.3")},
	} {
		if from := source(c.i, c.of); from != c.from {
			t.Errorf("client %d of %d comes from %v, want %v", c.i, c.of, from, c.from)
		}
	}
}

// Clients can come from several of this machine's addresses.
func TestSeveralSources(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("127.0.0.2 is an address of this machine without configuration only on Linux")
	}
	c := newCrowd(30, "127.0.0.1:0")
	c.source = func(i int) netip.Addr { return source(i*portsPerSource, 30*portsPerSource) }
	if r, err := playOn(poll.Names()[0], c); err != nil || r.clients != 30 {
		t.Errorf("30 clients from 30 addresses: %d, %v", r.clients, err)
	}
}

// A wrong answer is an error, and ends the run, with those who still wait.
func TestAWrongAnswerIsSeen(t *testing.T) {
	answer := func(text string) *http1.Response { return &http1.Response{Type: "text/plain", Body: []byte(text)} }
	for name, broken := range map[string]func(path string, right *http1.Response) *http1.Response{
		"a client that is told too little": func(path string, right *http1.Response) *http1.Response {
			if path == "/wait" {
				return answer("9")
			}
			return right
		},
		"a notify that tells nobody": func(path string, right *http1.Response) *http1.Response {
			if path == "/notify" {
				return answer("0")
			}
			return right
		},
		"a count that ends in words": func(path string, right *http1.Response) *http1.Response {
			if path == "/" {
				return answer("ten")
			}
			return right
		},
	} {
		c := newCrowd(10, simulatedAddress)
		c.handler = func(m strand.Model) http1.Handler {
			comet := app.NewComet(m)
			return func(r *http1.Request) *http1.Response {
				path := string(r.Path())
				return broken(path, comet.Handle(r))
			}
		}
		w := sim.New(sim.Options{Seed: 1})
		w.Start("everybody", func(k *sim.Kernel) error { return c.run(k) })
		if err := w.Run(); err == nil {
			t.Errorf("%s: nothing was wrong", name)
		} else {
			t.Log(name+":", err)
		}
	}
}

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/oneprocess")
	file := filepath.Join(t.TempDir(), "one.json")
	said, err := exec.Command(program, "-n", "50", "-rounds", "3", "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, part := range []string{"clients", "10.57 s", "3.34 s", "76 %", "written to"} {
		if !strings.Contains(string(said), part) {
			t.Errorf("nothing of %s in\n%s", part, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `"user-share"`) || !strings.Contains(string(text), `"document-000"`) {
		t.Errorf("-json wrote %s, %v", text, err)
	}
	said, err = exec.Command(program, "-sim", "-n", "50").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "50 of 50 connected") || !strings.Contains(string(said), "simulated time") {
		t.Errorf("%v\n%s", err, said)
	}
	said, err = exec.Command("sh", "-c", `ulimit -n 300 && exec "$0" -n 100`, program).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "50 clients of 100: each takes two descriptors, and there are 300") {
		t.Errorf("a limit of 300 descriptors: %v\n%s", err, said)
	}
	for _, mistake := range []struct {
		args []string
		says string
	}{
		{[]string{"-n", "0"}, "-n 0"},
		{[]string{"-n", "3000000"}, "-n 3000000"},
		{[]string{"-rounds", "0"}, "-rounds 0"},
		{[]string{"-poller", "ports"}, "-poller ports"},
		{[]string{"10"}, "unexpected"},
		{[]string{"-jason"}, "-jason"},
	} {
		said, err := exec.Command(program, mistake.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 ||
			strings.Count(string(said), "\n") != 1 || !strings.Contains(string(said), mistake.says) {
			t.Errorf("%v: %v, %q", mistake.args, err, said)
		}
	}
}
