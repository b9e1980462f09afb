package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

func TestEveryChainAddsOneForEach(t *testing.T) {
	for _, kind := range kinds {
		before := runtime.NumGoroutine()
		pass, end := kind.build(1000)
		for range 2 {
			if got := pass(7); got != 1007 {
				t.Errorf("%s: 7 came out as %d", kind.name, got)
			}
		}
		end()
		for runtime.NumGoroutine() > before { // they end when they are scheduled next
			runtime.Gosched()
		}
	}
}

func TestCommand(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/chain")
	file := filepath.Join(t.TempDir(), "chain.json")
	said, err := exec.Command(program, "-n", "1000", "-rounds", "2", "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var result struct {
		Measurements []struct {
			Subject, Quantity string
			Values            []float64
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &result); err != nil || len(result.Measurements) != 3*len(kinds) {
		t.Fatalf("-json wrote %s, %v", text, err)
	}
	for _, m := range result.Measurements {
		if len(m.Values) != 2 || m.Values[0] <= 0 || m.Values[1] <= 0 || !strings.Contains(string(said), m.Subject) {
			t.Errorf("%s of %s: %v, and the table\n%s", m.Quantity, m.Subject, m.Values, said)
		}
	}
	for _, mistake := range []string{"-n=0", "-rounds=0", "10", "-jason"} {
		said, err := exec.Command(program, mistake).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(string(said), "\n") != 1 {
			t.Errorf("%s: %v, %q; want one line and exit status 2", mistake, err, said)
		}
	}
}
