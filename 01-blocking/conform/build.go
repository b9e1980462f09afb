package conform

import (
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Build compiles a package of this workspace, named by its path or by its directory, and returns the
// program's file. It is the test's own, and gone when the test is over.
//
// Most of such a build is the linking, about a second, and go build links nothing that is up to date. So a
// program is built where the other tests of this go test find it, and a test gets a link to it.
func Build(t *testing.T, pkg string) string {
	t.Helper()
	neverCached()
	own := t.TempDir()
	shared := filepath.Join(sharedDir(), programKey(pkg))
	if sharedDir() == "" {
		shared = own
	} else if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	compile := exec.Command("go", "build", "-o", shared+"/", pkg) // into the directory, by the package's own name
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	programs, err := filepath.Glob(filepath.Join(shared, "*"))
	if err != nil || len(programs) != 1 {
		t.Fatalf("go build %s made no program: name a package main", pkg)
	}
	if shared == own {
		return programs[0]
	}
	program := filepath.Join(own, filepath.Base(programs[0]))
	if err := os.Link(programs[0], program); err != nil {
		t.Fatal(err)
	}
	return program
}

// sharedDir is a directory that all tests of one go test have, and that go removes at the end: it runs a test as
// $WORK/bNNN/PACKAGE.test (go help build, -work). "" if this test was started otherwise.
func sharedDir() string {
	work := filepath.Dir(filepath.Dir(os.Args[0]))
	if !strings.HasPrefix(filepath.Base(work), "go-build") {
		return ""
	}
	return filepath.Join(work, "c10k")
}

// programKey is a directory's name for a package, which may be named by a directory.
func programKey(pkg string) string {
	if build.IsLocalImport(pkg) {
		if here, err := os.Getwd(); err == nil {
			pkg = filepath.Join(here, pkg)
		}
	}
	return strings.NewReplacer("/", "-", `\`, "-", ":", "-").Replace(pkg)
}

// neverCached keeps go test from repeating an old result: it does not know that the test runs a program of
// other files. It never remembers a result when a file that the test opened may still be changing, and one
// from tomorrow always may (computeTestInputsID in cmd/go/internal/test). Where the file cannot be written
// the way round the cache is go test -count=1.
func neverCached() {
	const name = ".uncached"
	tomorrow := time.Now().AddDate(0, 0, 1)
	if os.WriteFile(name, []byte("see neverCached in package conform\n"), 0o644) == nil && os.Chtimes(name, tomorrow, tomorrow) == nil {
		os.ReadFile(name)
	}
}
