package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Other people's servers are measured as ours are, and leave nothing behind.
func TestPeersAreMeasured(t *testing.T) {
	for _, c := range []struct{ subject, program, workloads string }{
		{"nginx", "nginx", "hello,hello-close,hello-pipelined"},
		{"nginx-deferred", "nginx", "hello-close"},
		{"nchan", "nchan", "comet-1000"},
		{"node", "node", "hello,comet-1000"},
	} {
		t.Run(c.subject, func(t *testing.T) {
			if !installed(c.program) {
				t.Skipf("%s is not installed: the package is %s", c.program, packageOf(c.program))
			}
			left, out := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", left)
			status, _, stderr := bench(t, "-run", c.workloads, "-only", c.subject, "-rounds", "1", "-requests", "320", "-time", "1s", "-out", out)
			if status != 0 {
				t.Fatalf("exit status %d:\n%s", status, stderr)
			}
			files, err := filepath.Glob(filepath.Join(out, "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("nothing was written: %v", err)
			}
			for _, file := range files {
				r, err := readResult(file)
				if err != nil {
					t.Fatal(err)
				}
				if m := r.find(c.subject, "cpu", 0); m == nil || m.Values[0] <= 0 {
					t.Errorf("%s has %+v", filepath.Base(file), m)
				}
			}
			if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
				t.Errorf("after it there are %v (%v)", entries, err)
			}
		})
	}
}

// wrk and ab load the floor and another server, and both have their values.
func TestToolsAreDriven(t *testing.T) {
	for workload, program := range map[string]string{"hello-wrk": "wrk", "hello-ab": "ab"} {
		t.Run(program, func(t *testing.T) {
			if !installed(program) {
				t.Skipf("%s is not installed: the package is %s", program, packageOf(program))
			}
			out := t.TempDir()
			status, _, stderr := bench(t, "-run", workload, "-only", "net-http", "-rounds", "1", "-time", "1s", "-out", out)
			if status != 0 {
				t.Fatalf("exit status %d:\n%s", status, stderr)
			}
			r := read(t, out, workload)
			for _, s := range []string{reference[0].name, "net-http"} {
				cpu, rate := r.find(s, "cpu", 0), r.find(s, "rate", 0)
				if cpu == nil || cpu.Values[0] <= 0 || rate == nil || rate.Values[0] <= 0 {
					t.Errorf("%s: %+v, %+v", s, cpu, rate)
				}
			}
		})
	}
}
