// Package arrows holds the workspace to its map: who may import whom (docs/architecture.md, Invariants).
//
// [Load] asks go list what the packages of a stage import; [Violations] compares that with the rules
// below and returns one sentence for each arrow that should not be there. The tests run both for every
// stage and every operating system that the repository is built for, because a file for darwin may import
// what the file for linux does not.
//
// What it does not do: it never looks into a function. That http1 asks no clock is checked by the test
// beside it, which reads the source. A rule about a package that does not exist says nothing.
package arrows

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Root is the prefix of all module paths of this workspace.
const Root = "example.com/c10k/"

// Stages are the modules in the order in which they may import each other: backwards only.
var Stages = []string{"01-blocking", "02-selectors", "03-coroutines", "04-prefork", "05-comet"}

// A Package is what go list tells of one.
type Package struct {
	ImportPath   string
	Imports      []string // direct ones
	TestImports  []string
	XTestImports []string // of the tests in the package name_test
}

// A rule says what one package may import directly.
type rule struct {
	of     string   // path below Root
	ours   []string // the packages of this workspace that it may import; nil: whatever its stage may
	never  []string // package paths, or parents of them, that it may not import
	reason string
}

var (
	// system is where input and output come from. net/netip is addresses only, and allowed.
	system = []string{"os", "net", "syscall", "golang.org/x/sys", "internal"}
	http   = []string{"net/http", Root + "01-blocking/http1", Root + "01-blocking/serve"}
	poller = []string{Root + "02-selectors", Root + "03-coroutines"}
)

var rules = []rule{
	{"01-blocking/http1", []string{}, append([]string{"bufio"}, system...),
		"a parser without input and output runs on every model and under every test"},
	{"01-blocking/strand", []string{}, system,
		"a model is what it asks for, not what carries it"},
	{"01-blocking/serve", []string{"01-blocking/http1", "01-blocking/strand", "01-blocking/trace"}, system,
		"the straight line is the same on every engine because it knows none"},
	{"01-blocking/app", []string{"01-blocking/http1", "01-blocking/strand"}, []string{"net"},
		"a handler has nothing strange in it"},
	{"03-coroutines/coro",
		[]string{"01-blocking/http1", "01-blocking/strand", "01-blocking/serve", "01-blocking/trace", "02-selectors/poll"},
		[]string{"syscall", "golang.org/x/sys", "internal"}, // of net and os it uses names only, which a test reads
		"a scheduler stands on a kernel that it is given, so that there can be two"},
	{"03-coroutines/nethttp", []string{"01-blocking/http1", "01-blocking/strand", "03-coroutines/coro"}, []string{"syscall", "golang.org/x/sys", "os"},
		"an adapter joins two kinds of handler and knows no machine"},
	{"03-coroutines/sim", nil, append([]string{Root + "01-blocking/sock", Root + "03-coroutines/system"}, system...),
		"the simulated machine has nothing real in it"},
	{"04-prefork/prefork", nil, slices.Concat(http, poller),
		"a master knows processes and descriptors, not what is spoken on them"},
	{"05-comet/sequencer", nil, system,
		"frames in, frames out: links are carried by others"},
	{"05-comet/hub", []string{"01-blocking/http1", "01-blocking/strand", "05-comet/sequencer"}, system,
		"a hub runs on every model"},
}

// Load asks go list for the packages of a module, as built for an operating system (a GOOS value). A module
// without packages gives none.
func Load(dir, system string) ([]Package, error) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	list.Dir = dir
	list.Env = append(os.Environ(), "GOOS="+system)
	var complaint strings.Builder
	list.Stderr = &complaint
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w: %s", dir, err, complaint.String())
	}
	var packages []Package
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("what go list in %s says: %w", dir, err)
		}
		packages = append(packages, p)
	}
}

// Violations returns one sentence for each arrow that should not be there.
func Violations(packages []Package) []string {
	var found []string
	for _, p := range packages {
		name, ours := strings.CutPrefix(p.ImportPath, Root)
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			found = append(found, arrow(name, imported)...)
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			found = append(found, stageArrow(name, imported)...)
			if foreign(imported) && !within(imported, testsOnly) {
				found = append(found, fmt.Sprintf("the tests of %s import %s: they may need %s and golang.org/x/sys only", name, imported, testsOnly))
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// testsOnly is what tests may need beyond golang.org/x/sys, and packages made for tests: their names end in
// test, as that of net/http/httptest does.
const testsOnly = "github.com/google/go-cmp"

func forTests(name string) bool { return strings.HasSuffix(name, "test") }

// foreign reports whether a package is neither ours, nor Go's, nor the one dependency that stages have. The
// first part of a path outside the standard library has a dot (go help packages).
func foreign(importPath string) bool {
	host, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(host, ".") && !strings.HasPrefix(importPath, Root) && !within(importPath, "golang.org/x/sys")
}

func within(importPath, parent string) bool {
	return importPath == parent || strings.HasPrefix(importPath, parent+"/")
}

// arrow judges one direct import of a package that is ours.
func arrow(name, imported string) []string {
	found := stageArrow(name, imported)
	if foreign(imported) && !(forTests(name) && within(imported, testsOnly)) {
		found = append(found, fmt.Sprintf("%s imports %s: a stage needs golang.org/x/sys and the standard library only", name, imported))
	}
	if strings.HasPrefix(imported, Root) && forTests(imported) && !forTests(name) {
		found = append(found, fmt.Sprintf("%s imports %s: only tests do", name, imported))
	}
	for _, r := range rules {
		if r.of != name {
			continue
		}
		target, ours := strings.CutPrefix(imported, Root)
		if ours && r.ours != nil && !slices.Contains(r.ours, target) {
			found = append(found, fmt.Sprintf("%s imports %s: %s", name, target, r.reason))
		}
		for _, never := range r.never {
			if within(imported, never) && imported != "net/netip" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", name, imported, r.reason))
			}
		}
	}
	return found
}

// stageArrow judges what holds for every package, tests included: stages import backwards, and nobody
// imports bench.
func stageArrow(name, imported string) []string {
	target, ours := strings.CutPrefix(imported, Root)
	if !ours {
		return nil
	}
	var found []string
	from, _, _ := strings.Cut(name, "/")
	to, _, _ := strings.Cut(target, "/")
	if at := slices.Index(Stages, to); slices.Contains(Stages, from) && (at < 0 || at > slices.Index(Stages, from)) {
		found = append(found, fmt.Sprintf("%s imports %s: a stage imports earlier stages only", name, target))
	}
	if path.Base(target) == "bench" {
		found = append(found, fmt.Sprintf("%s imports %s: nothing imports bench", name, target))
	}
	return found
}
