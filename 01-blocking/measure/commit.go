package measure

import (
	"os/exec"
	"runtime/debug"
	"strings"
)

// How much of a commit's name is kept. Of one that had changes on top it is less, so that both together have
// the twelve characters that are printed below a table.
const (
	shortCommit = 12
	changed     = "-dirty"
)

// Changed tells whether the program was built from a commit with changes on top, which nobody else has.
func (e *Environment) Changed() bool { return strings.HasSuffix(e.Commit, changed) }

// commit is what the program was built from, as go build has stamped it; go run, go test and GOFLAGS with
// -buildvcs=false do not, and then it is what git says of the directory that this runs in.
func commit() string {
	revision, dirty := "", false
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				dirty = s.Value == "true"
			}
		}
	}
	if revision == "" {
		head, _ := exec.Command("git", "rev-parse", "HEAD").Output()
		changes, _ := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
		revision, dirty = strings.TrimSpace(string(head)), len(changes) > 0
	}
	switch {
	case len(revision) < shortCommit:
		return unknown
	case dirty:
		return revision[:shortCommit-len(changed)] + changed
	}
	return revision[:shortCommit]
}
