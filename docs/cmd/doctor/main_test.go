package main

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// roomy is a machine on which nothing stands in the way.
func roomy() machine {
	m := machine{system: "linux", goVersion: "go1.26.8", cores: 8, descriptors: 1 << 20, ports: 28232, sources: 254,
		backlog: 4096, threads: 100_000, memory: 16 << 30, compiler: "gcc", tools: map[string]bool{}}
	for _, tool := range tools {
		m.tools[tool.name] = true
	}
	return m
}

func TestRoomy(t *testing.T) {
	for _, f := range examine(roomy()) {
		if f.means != "" || f.fatal {
			t.Errorf("on a machine that lacks nothing: %+v", f)
		}
	}
}

// TestLacking takes one thing away at a time: its line says what that means, and the last line how many
// clients are left.
func TestLacking(t *testing.T) {
	for _, c := range []struct {
		what    string
		take    func(*machine)
		means   string
		clients string
	}{
		{"descriptors", func(m *machine) { m.descriptors = 1024 }, "a process holds 960 clients; raise it: ulimit -n 10064", "960"},
		{"ports", func(m *machine) { m.ports, m.sources = 5000, 1 }, "one source address makes 5,000 connections", "5,000"},
		{"ports", func(m *machine) { m.ports = 5000 }, "", "10,000"},
		{"memory", func(m *machine) { m.memory = 128 << 20 }, "not enough", "5,461"},
		{"backlog", func(m *machine) { m.backlog = 128 }, "cuts -backlog 4096", "10,000"},
		{"threads", func(m *machine) { m.threads = 2048 }, "ends earlier", "10,000"},
		{"cores", func(m *machine) { m.cores = 1 }, "share one core", "10,000"},
		{"C compiler", func(m *machine) { m.compiler = "" }, "skips the race detector", "10,000"},
		{"wrk", func(m *machine) { m.tools["wrk"] = false }, "install the package wrk", "10,000"},
		{"system", func(m *machine) { m.system = "darwin" }, "kqueue", "10,000"},
		{"system", func(m *machine) { m.system = "windows" }, "WSL", "10,000"},
	} {
		m := roomy()
		c.take(&m)
		for _, f := range examine(m) {
			if f.what == c.what && (!strings.Contains(f.means, c.means) || (c.means == "") != (f.means == "")) {
				t.Errorf("%s: %q, want %q", c.what, f.means, c.means)
			}
			if f.what == "clients" && f.found != c.clients {
				t.Errorf("%s: %s clients, want %s", c.what, f.found, c.clients)
			}
			if f.fatal != (m.system == "windows" && f.what == "system") {
				t.Errorf("%s: fatal is %v: %+v", c.what, f.fatal, f)
			}
		}
	}
}

// TestHere looks at the machine that runs the test, which runs a Go program and so has some of everything.
func TestHere(t *testing.T) {
	m := look()
	if m.cores != runtime.NumCPU() || m.goVersion == "" {
		t.Errorf("found %+v", m)
	}
	if runtime.GOOS == "linux" && (m.descriptors < 3 || m.ports < 1 || m.backlog < 1 || m.threads < 1 || m.memory < 1<<20) {
		t.Errorf("on Linux all limits are known, and here is %+v", m)
	}
	var out bytes.Buffer
	print(&out, examine(m))
	if lines := strings.Count(out.String(), "\n"); lines != len(tools)+10 {
		t.Errorf("%d lines:\n%s", lines, &out)
	}
}
