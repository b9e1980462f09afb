package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/ab"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/02-selectors/poll"
)

func TestCommand(t *testing.T) {
	if err := ab.Installed(); err != nil {
		t.Skip(err)
	}
	selectors := conform.Build(t, "example.com/c10k/02-selectors/cmd/selectors")
	program := conform.Build(t, "example.com/c10k/02-selectors/cmd/abecho")
	file := filepath.Join(t.TempDir(), "echo.json")
	said, err := exec.Command(program, "-program", selectors, "-n", "200", "-rounds", "1", "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, name := range append(poll.Names(), "document 003") {
		if !strings.Contains(string(said), name) {
			t.Errorf("nothing of %s in\n%s", name, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), `"requests"`) != len(poll.Names())+1 {
		t.Errorf("-json wrote %s, %v", text, err)
	}
	// A server that answers ab with anything but 200 is no measurement.
	refusing := filepath.Join(t.TempDir(), "refuses")
	script := "#!/bin/sh\nexec '" + selectors + "' \"$@\" -app faults\n"
	if err := os.WriteFile(refusing, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, mistake := range []struct {
		args   []string
		says   string
		status int
	}{
		{[]string{"-rounds", "0"}, "-rounds 0: choose from 1", 2},
		{[]string{"10"}, "unexpected", 2},
		{[]string{"-program", "nowhere"}, "make build", 1},
		{[]string{"-program", refusing, "-n", "10"}, "Non-2xx", 1},
	} {
		said, err := exec.Command(program, mistake.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != mistake.status || !strings.Contains(string(said), mistake.says) {
			t.Errorf("%v: %v, %q", mistake.args, err, said)
		}
	}
}
