package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestReport runs real packages: one that is well, one with a failing test, one that does not build, one
// that skips.
func TestReport(t *testing.T) {
	t.Setenv("GOWORK", "off") // the fixture is a module of its own
	for _, c := range []struct {
		name, arguments string
		noSkip          string
		passed          bool
		says, silent    []string
	}{
		{"well", "./well", "1", true, []string{"ok ", "1 package, 2 tests passed"}, []string{"skip", "failed"}},
		{"long", "./long", "1", true, []string{"TestSoakTheReportIsRead/memory\n", "of it:", "memory is flat", "1 test passed"},
			[]string{"nobody needs to read this", "=== RUN", "TestSoakTheReportIsRead\n"}},
		{"failing", "./unwell", "", false, []string{"FAILED", "got 3 answers, want 4", "1 test passed, 1 failed"},
			[]string{"nobody needs to read this", "=== RUN"}},
		{"not building", "./broken", "", false, []string{"FAILED", "undefined: undefinedName", "1 failed"}, nil},
		{"skipping", "./skipping", "", true, []string{"1 skipped", "TestTool: wrk is not installed: apt-get install wrk"}, nil},
		{"skipping where that is forbidden", "./skipping", "1", false, []string{"FAILED", "C10K_NO_SKIP=1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("C10K_NO_SKIP", c.noSkip)
			var out bytes.Buffer
			passed := run(&out, "testdata/module", []string{"test", "-json", c.arguments})
			if passed != c.passed {
				t.Errorf("passed = %v, want %v", passed, c.passed)
			}
			for _, text := range c.says {
				if !strings.Contains(out.String(), text) {
					t.Errorf("the report does not say %q:\n%s", text, &out)
				}
			}
			for _, text := range c.silent {
				if strings.Contains(out.String(), text) {
					t.Errorf("the report says %q:\n%s", text, &out)
				}
			}
		})
	}
}

func TestNoPackages(t *testing.T) {
	t.Setenv("GOWORK", "off")
	var out bytes.Buffer
	if !run(&out, "testdata/empty", []string{"test", "-json", "./..."}) || !strings.Contains(out.String(), "no packages yet") {
		t.Errorf("a module without packages is not a failure; the report says %q", &out)
	}
}
