// Package mutations asks whether the simulated kernel finds bugs. Each patch beside this file makes one
// mistake in the code that the scenarios of package sim run, says which in its first line, and must make
// them fail within a thousand seeds.
//
// The mistakes are not in the code behind flags: a copy of the file goes to the compiler in place of the
// file (go test -overlay), and the repository stays as it is.
package mutations

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scenarios are the tests of package sim that run seeds.
const scenarios = "^Test(CometLosesNobody|EveryAnswerIsRight|ALongAnswerIsWholeOrCutOff|WhoLeavesIsNotCounted|TimeoutsComeInTime|TheStoryOf2009)$"

var found = regexp.MustCompile(`--- FAIL: (\w+)[^\n]*\n[^\n]*seed (\d+): ([^\n]*)`)

func TestEveryMutationIsFound(t *testing.T) {
	patches, err := filepath.Glob("*.patch")
	if err != nil || len(patches) < 10 {
		t.Fatalf("%d patches, %v: at least ten belong here", len(patches), err)
	}
	for i, name := range patches {
		if testing.Short() && i%6 != 0 {
			continue // every mutation is a build of its own; -short makes every sixth
		}
		t.Run(strings.TrimSuffix(name, ".patch"), func(t *testing.T) {
			t.Parallel()
			sentence, overlay := apply(t, name)
			output, err := run(t, overlay)
			switch hit := found.FindStringSubmatch(output); {
			case err == nil:
				t.Errorf("a thousand seeds did not find it: %s", sentence)
			case hit != nil:
				t.Logf("%s\nfound by %s with seed %s: %s", sentence, hit[1], hit[2], hit[3])
			case strings.Contains(output, "panic: "):
				t.Logf("%s\nfound: %s", sentence, output[strings.Index(output, "panic: "):][:80])
			default:
				t.Errorf("the scenarios did not run: %v\n%s", err, output)
			}
		})
	}
}

// TestTheScenariosPassUnmutated keeps the table honest: without a mistake there is nothing to find. They
// are package sim's own tests, and -short leaves them to it.
func TestTheScenariosPassUnmutated(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	if output, err := run(t, filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// apply makes the changed file and an overlay that puts it in place of the real one.
func apply(t *testing.T, patch string) (sentence, overlay string) {
	t.Helper()
	text, err := os.ReadFile(patch)
	if err != nil {
		t.Fatal(err)
	}
	sentence, rest, _ := strings.Cut(string(text), "\n--- ")
	path, hunks, _ := strings.Cut(rest, "\n")
	original, err := filepath.Abs(filepath.Join("../../..", path))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	changed := string(source)
	for hunk := range strings.SplitSeq(hunks, "@@\n") {
		var before, after strings.Builder
		for line := range strings.Lines(hunk) {
			if line[0] != '+' {
				before.WriteString(line[1:])
			}
			if line[0] != '-' {
				after.WriteString(line[1:])
			}
		}
		if n := strings.Count(changed, before.String()); n != 1 {
			t.Fatalf("%s: these lines occur %d times in %s: write the patch again\n%s", patch, n, path, before.String())
		}
		changed = strings.Replace(changed, before.String(), after.String(), 1)
	}
	dir := t.TempDir()
	mutant := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(mutant, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, replaced, 0o600); err != nil {
		t.Fatal(err)
	}
	return sentence, overlay
}

// run runs the scenarios with an overlay, if there is one.
func run(t *testing.T, overlay string) (output string, err error) {
	t.Helper()
	arguments := []string{"test", "-count=1", "-failfast", "-timeout=2m", "-run", scenarios}
	if _, err := os.Stat(overlay); err == nil {
		arguments = append(arguments, fmt.Sprintf("-overlay=%s", overlay))
	} else {
		arguments = append(arguments, "-short") // that all seeds pass is what package sim's own tests say
	}
	command := exec.CommandContext(t.Context(), "go", append(arguments, "../")...)
	out, err := command.CombinedOutput()
	return string(out), err
}
