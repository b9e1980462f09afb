package main

import (
	"net/netip"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/05-comet/swarm"
)

// describe says where and when this run is made, and on what.
func describe() environment {
	e := environment{
		Date:        time.Now().UTC().Truncate(time.Second),
		Commit:      commit(),
		Go:          runtime.Version(),
		OS:          runtime.GOOS,
		Kernel:      "unknown",
		CPU:         orUnknown(processor()),
		Cores:       runtime.NumCPU(),
		MemoryBytes: max(memory(), 1),
		Limits:      map[string]int{"descriptors": sock.DescriptorLimit()},
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		e.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if ports := swarm.MachineLimits(netip.MustParseAddr("127.0.0.1")).Ports; ports > 0 {
		e.Limits["ports"] = ports
	}
	if most := backlogLimit(); most > 0 {
		e.Limits["backlog"] = most
	}
	return e
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// shortCommit is how much of a commit's name is recorded. Of one with changes it is less, so that both
// together have the twelve characters that are printed below a table.
const (
	shortCommit = 12
	changed     = "-dirty"

	unknownCommit = "unknown"
)

// commit is what this program was built from, as go build has stamped it, or else what git says.
func commit() string {
	var revision string
	var dirty bool
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				revision = setting.Value
			case "vcs.modified":
				dirty = setting.Value == "true"
			}
		}
	}
	if revision == "" {
		head, _ := exec.Command("git", "rev-parse", "HEAD").Output()
		changes, _ := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
		revision, dirty = strings.TrimSpace(string(head)), len(changes) > 0
	}
	switch {
	case revision == "":
		return unknownCommit
	case dirty:
		return revision[:shortCommit-len(changed)] + changed
	}
	return revision[:shortCommit]
}
