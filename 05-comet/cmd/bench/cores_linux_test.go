package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// where is on which processors somebody may run, as the kernel tells.
type where struct {
	Note                  string
	Before, Server, After string
}

// allowed asks for the processors of a process that is started now.
func allowed() string {
	text, err := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status").Output()
	if err != nil {
		return err.Error()
	}
	_, list, _ := strings.Cut(string(text), ":")
	return strings.TrimSpace(list)
}

func playCores() {
	var w where
	c := chooseCores()
	w.Note, w.Before = c.note, allowed()
	c.onServerCore(func() error { w.Server = allowed(); return nil })
	w.After = allowed()
	json.NewEncoder(os.Stdout).Encode(w)
}

// What is started runs on the load's processor, except for the server, which has another.
func TestServerAndLoadAreApart(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("this machine has one processor: nothing can be kept apart; run it where there are two")
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleVariable+"=cores")
	text, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var w where
	if err := json.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	one := func(list string) bool { return len(parseList(list)) == 1 }
	if !one(w.Server) || !one(w.Before) || w.Server == w.Before || w.After != w.Before {
		t.Errorf("%+v: want the server on one processor, and what was started before and after it on another", w)
	}
	if !strings.HasPrefix(w.Note, "server on CPU "+w.Server+", load on CPU "+w.Before) {
		t.Errorf("the record says %q", w.Note)
	}
}

func TestParseList(t *testing.T) {
	for text, want := range map[string][]int{"0": {0}, "0-3": {0, 1, 2, 3}, "1,65": {1, 65}, "0-1,8-9": {0, 1, 8, 9}, "": nil} {
		if got := parseList(text); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
