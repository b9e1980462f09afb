package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCallsAreParsed(t *testing.T) {
	got, err := parseCalls([]byte(`% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.120000          30      4000        12 read
 40.00    0.080000          20      4004           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.200000          25      8004        12 total
`))
	if diff := cmp.Diff([]calls{{"read", 4000}, {"write", 4004}}, got, cmp.AllowUnexported(calls{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := parseCalls([]byte("strace: Process 1 detached\n")); err == nil {
		t.Error("a report without a count is none")
	}
}

// The floor reads and writes once for a request, and accepts and closes once for a connection; net/http sets options.
func TestCallsAreCounted(t *testing.T) {
	if !installed("strace") {
		t.Skip("strace is not installed: the package is strace")
	}
	out := t.TempDir()
	status, stdout, stderr := bench(t, "-calls", "-run", "hello,hello-close", "-only", "net-http", "-requests", "500", "-out", out)
	if status != 0 {
		t.Fatalf("exit status %d:\n%s", status, stderr)
	}
	for _, c := range []struct {
		file, server, call string
		least, most        float64
	}{
		{"calls-hello", "floor", "read", 0.99, 1.1},
		{"calls-hello", "floor", "write", 0.99, 1.01},
		{"calls-hello", "net-http", "write", 0.99, 1.01},
		{"calls-hello-close", "floor", "accept4", 1, 1.3},
		{"calls-hello-close", "floor", "close", 0.99, 1.05},
		{"calls-hello-close", "net-http", "setsockopt", 2, 10},
	} {
		m := read(t, out, c.file).find(c.server, c.call, 0)
		if m == nil || len(m.Values) != 1 || m.Values[0] < c.least || m.Values[0] > c.most {
			t.Errorf("%s: %s of %s: %+v, want one value from %v to %v", c.file, c.call, c.server, m, c.least, c.most)
		}
	}
	if m := read(t, out, "calls-hello").find("floor", "accept4", 0); m != nil {
		t.Errorf("on kept connections the floor accepts: %+v", m)
	}
	if !strings.Contains(stdout, "net-http") || !strings.Contains(stdout, "others") {
		t.Errorf("the table is not complete:\n%s", stdout)
	}
}

// What cannot be traced is not counted as idle.
func TestNobodyToTrace(t *testing.T) {
	if !installed("strace") {
		t.Skip("strace is not installed: the package is strace")
	}
	loaded := false
	_, err := traced(t.Context(), noProcess, func() error { loaded = true; return nil })
	if err == nil || !strings.Contains(err.Error(), "strace") || loaded {
		t.Errorf("tracing no process: %v, loaded %v", err, loaded)
	}
}

// noProcess is above what Linux gives to any (PID_MAX_LIMIT, 4 million).
const noProcess = 1 << 30
