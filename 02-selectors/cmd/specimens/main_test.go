package main

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/02-selectors/specimens"
)

const pkg = "example.com/c10k/02-selectors/cmd/"

// What the author of document 002 saw: ab, which asks in HTTP/1.0 and waits for the end of the stream, gets
// nowhere with forgetful, and ab -k does not notice anything. The server of stage 02 bears both.
func TestAB(t *testing.T) {
	ab, err := exec.LookPath("ab")
	if err != nil {
		t.Skip("ab is not installed: it comes with the package apache2-utils")
	}
	for _, server := range []struct {
		name, program string
		args          []string
		fails         bool
	}{
		{"forgetful", "specimens", []string{"-server", "forgetful"}, true},
		{"repaired", "selectors", nil, false},
	} {
		t.Run(server.name, func(t *testing.T) {
			program := conform.Build(t, pkg+server.program)
			running, err := conform.Start(exec.Command(program, append(server.args, "-addr", "127.0.0.1:0")...), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { running.Stop() }) // a specimen knows no graceful end
			const timeout = "1"                  // seconds that ab waits for one answer
			report, err := exec.CommandContext(t.Context(), ab, "-q", "-s", timeout, "-n", "20", "-c", "2", running.URL+"/").CombinedOutput()
			if failed := err != nil; failed != server.fails {
				t.Errorf("ab: %v\n%s", err, report)
			}
			if server.fails && !strings.Contains(string(report), "timeout specified has expired") {
				t.Errorf("ab failed of something else:\n%s", report)
			}
			report, err = exec.CommandContext(t.Context(), ab, "-q", "-k", "-n", "200", "-c", "2", running.URL+"/").CombinedOutput()
			if err != nil || !regexp.MustCompile(`Failed requests:\s+0\n`).Match(report) {
				t.Errorf("ab -k: %v\n%s", err, report)
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	program := conform.Build(t, pkg+"specimens")
	list, err := exec.Command(program, "-list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range specimens.Faults {
		if !strings.Contains(string(list), fault.Name) {
			t.Errorf("-list says nothing of %s", fault.Name)
		}
	}
	for _, mistake := range []struct {
		args   []string
		says   string
		status int
	}{
		{[]string{"-workers", "0"}, "choose from 1 to", 2},
		{[]string{"-addr", "8080"}, "write HOST:PORT", 2},
		{[]string{"-sever", "hasty"}, "-sever", 2},
		{[]string{"-server", "careful"}, "choose hasty or forgetful", 1},
		{[]string{"-poller", "none", "-addr", "127.0.0.1:0"}, "choose", 1},
	} {
		said, err := exec.Command(program, mistake.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != mistake.status {
			t.Errorf("%v: %v, want exit status %d", mistake.args, err, mistake.status)
		}
		if strings.Count(string(said), "\n") != 1 || !strings.Contains(string(said), mistake.says) {
			t.Errorf("%v says %q", mistake.args, said)
		}
	}
}
