package command

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// childVariable makes this test's program a command: its arguments are then that command's.
const childVariable = "C10K_COMMAND_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	tool := NewTool("weigh", "what a thing weighs")
	rounds := tool.Int("rounds", 3, "weigh `N` times, 1 to 9")
	tool.Parse()
	Between(tool, "rounds", *rounds, 1, 9)
	tool.Failed(errors.New("the scales are out"))
}

// A mistake is one line on standard error that says what to do; help is for standard output, and no mistake.
func TestTool(t *testing.T) {
	for _, test := range []struct {
		args   string
		status int
		out    string // begins with
		line   string // on standard error
	}{
		{"-h", 0, "weigh: what a thing weighs\n\nFlags:\n  -rounds N\n", ""},
		{"-round 4", 2, "", "weigh: flag provided but not defined: -round (-h lists the flags)"},
		{"-rounds four", 2, "", `weigh: invalid value "four" for flag -rounds: parse error (-h lists the flags)`},
		{"4", 2, "", `weigh: unexpected "4": everything is said with flags (-h lists the flags)`},
		{"-rounds 10", 2, "", "weigh: -rounds 10: choose from 1 to 9 (-h lists the flags)"},
		{"-rounds 9", 1, "", "weigh: the scales are out"},
	} {
		c := exec.Command(os.Args[0], strings.Fields(test.args)...)
		c.Env = append(os.Environ(), childVariable+"=1")
		var out, line bytes.Buffer
		c.Stdout, c.Stderr = &out, &line
		c.Run()
		if c.ProcessState.ExitCode() != test.status || !strings.HasPrefix(out.String(), test.out) || (test.out == "") != (out.Len() == 0) ||
			strings.TrimSuffix(line.String(), "\n") != test.line {
			t.Errorf("%s: %v, printed %q and said %q", test.args, c.ProcessState, out.String(), line.String())
		}
	}
}
