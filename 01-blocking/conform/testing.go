package conform

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Test plays the target's cases as subtests: group/name. With no case to play the test fails.
func Test(t *testing.T, target Target) {
	t.Helper()
	target, err := target.complete()
	if err != nil {
		t.Fatal(err)
	}
	cases := target.Cases()
	if len(cases) == 0 {
		t.Fatalf("no case fits groups %v and application %q", target.Groups, target.App)
	}
	for _, c := range cases {
		t.Run(c.Title(), func(t *testing.T) {
			// Time-outs are waited for, so their cases wait together where the server can serve them so.
			if c.Group == "timeouts" && target.Connections == 0 {
				t.Parallel()
			}
			if f := target.play(c); f != nil {
				t.Error(Report(c, f))
			}
		})
	}
}

// TestCommand holds a stage's program to what the table [Stages] says: it starts the program once for each
// application and once with short time-outs, adding -addr, -app and the time-outs to the arguments, plays
// the cases, stops it with TERM and expects exit status 0.
func TestCommand(t *testing.T, stage, program string, args ...string) {
	t.Helper()
	s, err := StageNamed(stage)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range s.Rounds() {
		t.Run(round.name(), func(t *testing.T) {
			all := append(args[:len(args):len(args)], "-addr", "127.0.0.1:0")
			switch {
			case s.Mux != "":
				all = append(all, "-app", s.Mux)
			case len(s.Apps) > 1: // a program with one application has no flag for it
				all = append(all, "-app", round.App)
			}
			if round.Timeouts {
				all = append(all, ShortTimeouts...)
			}
			command, err := Start(exec.Command(program, all...), "", nil)
			if err != nil {
				t.Fatalf("%s %s: %v", program, strings.Join(all, " "), err)
			}
			t.Cleanup(func() { // after the subtests, the parallel ones too
				if err := command.Stop(); err != nil {
					t.Error(err)
				} else if t.Failed() {
					t.Logf("the server's last words:%s", command.Said())
				}
			})
			Test(t, Target{
				URL: command.URL, App: round.App, Groups: round.Groups,
				Connections: s.Connections, OnlyApp: round.OnlyApp,
			})
		})
	}
}

func (r Round) name() string {
	if r.Timeouts {
		return r.App + "-timeouts"
	}
	return r.App
}

// Report puts a failure into words, over several lines: what had to come, what came, why it matters, where
// to look first, and what was said last.
func Report(c Case, f *Failure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected: %s\n", f.Expected)
	fmt.Fprintf(&b, "     got: %s\n", f.Got)
	fmt.Fprintf(&b, "     why: %s\n", c.Why)
	fmt.Fprintf(&b, "    hint: %s\n", c.Hint)
	for i, line := range f.Transcript {
		label := "          "
		if i == 0 {
			label = "    said: "
		}
		fmt.Fprintf(&b, "%s%s\n", label, line)
	}
	return strings.TrimRight(b.String(), "\n")
}
