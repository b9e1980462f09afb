// Package uncached keeps go test from answering "ok (cached)" for a test that reads files of other modules.
//
// go test remembers a result until the package, or a file that the test opened, changes; but of the files
// it looks only at those inside the test's own module (computeTestInputsID in cmd/go/internal/test). The
// tests of docs read the stages' sources, so a stage could change and the old result would be repeated.
//
// What it does not do: it changes no test's result. Where the file cannot be written (a checkout that is
// read-only) the cache stays on, and go test -count=1 is the way round it.
package uncached

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Test keeps the result of the running test's package out of the cache. docs is the way from the package
// to the root of the module.
//
// A result is not remembered when a file that the test opened is so new that it may still be changing,
// and a file from tomorrow always is.
func Test(t testing.TB, docs string) {
	t.Helper()
	name := filepath.Join(docs, ".uncached")
	tomorrow := time.Now().AddDate(0, 0, 1)
	if os.WriteFile(name, []byte("see package uncached\n"), 0o644) != nil || os.Chtimes(name, tomorrow, tomorrow) != nil {
		return
	}
	if f, err := os.Open(name); err == nil {
		f.Close()
	}
}
