package swarm

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/05-comet/faults"
)

// good is a run of ten thousand in which nothing went wrong.
func good() *Result {
	return &Result{
		Asked: 10_000, Clients: 10_000, Processes: 1, Sources: 1,
		Connect: 731.24, Park: 735.4, First: 1.04, Median: 172.9, P99: 261.2, Last: 1265.8, Total: 1013,
		Notified: "10000", FanOut: 1250.5, Renewals: []Renewal{{"HUP", 120}},
		Server: &Server{User: 0.13, System: 0.41, MemoryBefore: 1 << 20, MemoryParked: 56 << 20, PerClient: 5561.9, Processes: 3},
	}
}

func table(t *testing.T, r *Result) string {
	t.Helper()
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestTableStandsBeside2009(t *testing.T) {
	want := `                                               here          2009
clients                                      10,000        10,000
connect, up to the last                    731.2 ms             –
park, until / counts all                   735.4 ms             –
answers after /notify      first             1.0 ms             –
                           median          172.9 ms             –
                           p99             261.2 ms             –
                           last           1265.8 ms             –
the same, as the server    times it       1250.5 ms             –
renewed while all waited   HUP             120.0 ms             –
the whole run                                1.01 s       15.67 s
CPU of the server          user              0.13 s      10.567 s
                           system            0.41 s       3.344 s
user memory for a client   parked           5,561 B             –
clients without an answer  lost                   0             –
answers that are not right wrong                  0             –

`
	want += fmt.Sprintf("here: server and clients on this machine, %s, %s/%s; clients in 1 process from 1 address\n",
		count(runtime.NumCPU(), "CPU"), runtime.GOOS, runtime.GOARCH)
	want += "2009: one process of Python, and the CPU time of server and clients;\n" +
		"      MacBook Pro 13\", 2.53 GHz\n"
	if diff := cmp.Diff(want, table(t, good())); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func TestTableSaysWhatIsNotThere(t *testing.T) {
	r := good()
	r.Server, r.Note, r.FanOut = nil, "no pid was given", 0
	r.Clients, r.Limited = 500, "a process may have 4 descriptors"
	r.Lost, r.Faults = 500, faults.Counts{"closed without an answer": 499, "receive: reset": 1}
	text := table(t, r)
	for _, line := range []string{
		"answers after /notify      first                  –             –",
		"the same, as the server    times it               –             –",
		"CPU of the server          user                   –      10.567 s",
		"user memory for a client   parked                 –             –",
		"clients without an answer  lost                 500             –",
		"limited: 500 of 10,000 clients; a process may have 4 descriptors",
		"not measured: no pid was given",
		"FAILED: 499: closed without an answer; 1: receive: reset",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the line %q is missing in\n%s", line, text)
		}
	}
}

// A server's CPU time may be known and its memory not.
func TestTableWithoutMemory(t *testing.T) {
	r := good()
	r.Server.MemoryBefore, r.Server.MemoryParked, r.Server.PerClient = 0, 0, 0
	text := table(t, r)
	for _, line := range []string{
		"CPU of the server          user              0.13 s      10.567 s",
		"user memory for a client   parked                 –             –",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the line %q is missing in\n%s", line, text)
		}
	}
}

// The rows of figures fit a terminal of 80 columns with the largest run that there can be.
func TestTableFits80Columns(t *testing.T) {
	r := good()
	r.Clients, r.Processes, r.Sources = MaxClients, MaxProcesses, MaxSources
	r.Last, r.Park, r.Server.PerClient = 1e7, 1e7, 1e8
	rows, _, _ := strings.Cut(table(t, r), "\n\n")
	for line := range strings.Lines(rows) {
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 80 {
			t.Errorf("%d columns: %s", width, line)
		}
	}
}

func TestResultAsJSONComesBackWhole(t *testing.T) {
	want := good()
	want.Lost, want.Faults = 1, faults.Counts{"closed without an answer": 1}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("JSON lost something (-want +got):\n%s", diff)
	}
	for _, key := range []string{`"park_ms":735.4`, `"memory_per_client":5561.9`, `"lost":1`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("machines look for %s, and it is not in %s", key, text)
		}
	}
}

func TestProgressIsAtMostTwoASecond(t *testing.T) {
	for _, test := range []struct {
		terminal bool
		want     string
	}{
		{false, "swarm: 2 of 6\nswarm: 4 of 6\nswarm: done\n"},
		{true, "\rswarm: 2 of 6\rswarm: 4 of 6\r             \rswarm: done\n"},
	} {
		var text strings.Builder
		now := time.Unix(0, 0)
		p := &progress{out: &text, terminal: test.terminal, now: func() time.Time { return now }, shown: now}
		for i := range 5 {
			p.status("%d of 6", i) // at 0, 0.3, 0.6, 0.9 and 1.2 seconds
			now = now.Add(300 * time.Millisecond)
		}
		p.say("done")
		p.end()
		if diff := cmp.Diff(test.want, text.String()); diff != "" {
			t.Errorf("terminal %v (-want +got):\n%s", test.terminal, diff)
		}
	}
}

// A shorter live line leaves nothing of the longer one before it.
func TestProgressErasesALongerLine(t *testing.T) {
	var text strings.Builder
	now := time.Unix(0, 0)
	p := &progress{out: &text, terminal: true, now: func() time.Time { now = now.Add(time.Second); return now }}
	p.status("parked 1,000")
	p.status("all")
	if got, want := text.String(), "\rswarm: parked 1,000\rswarm: all         "; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestThousandsAndCounts(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 28_232: "28,232", 1_013_880: "1,013,880", -1234: "-1,234"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
	for _, test := range []struct {
		n    int
		noun string
		want string
	}{{1, "process", "1 process"}, {2, "process", "2 processes"}, {0, "client", "0 clients"}, {1, "address", "1 address"}} {
		if got := count(test.n, test.noun); got != test.want {
			t.Errorf("count(%d, %s) = %q, want %q", test.n, test.noun, got, test.want)
		}
	}
}
