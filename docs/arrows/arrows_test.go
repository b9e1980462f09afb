package arrows

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/docs/uncached"
)

// TestArrows asks go list about every stage, for every system that the repository is built for.
func TestArrows(t *testing.T) {
	uncached.Test(t, "..")
	for _, stage := range Stages {
		for _, system := range []string{"linux", "darwin", "freebsd"} {
			t.Run(stage+" "+system, func(t *testing.T) {
				t.Parallel()
				packages, err := Load(filepath.Join("..", "..", stage), system)
				if err != nil {
					t.Fatal(err)
				}
				for _, sentence := range Violations(packages) {
					t.Error(sentence)
				}
			})
		}
	}
}

// TestMap: every package of a stage, commands excepted, has a row in the map.
func TestMap(t *testing.T) {
	uncached.Test(t, "..")
	text, err := os.ReadFile("../architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range Stages {
		packages, err := Load(filepath.Join("..", "..", stage), "linux")
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(string(text), "\n**"+stage+"**")
		section, _, _ = strings.Cut(section, "\n**")
		for _, p := range packages {
			name := strings.TrimPrefix(p.ImportPath, Root+stage+"/")
			if !strings.HasPrefix(name, "cmd/") && !strings.Contains(section, "| `"+name+"` |") {
				t.Errorf("docs/architecture.md has no row for %s below %s", name, stage)
			}
		}
	}
}

// TestRulesBite gives every rule an arrow that it must refuse, and some that it must not.
func TestRulesBite(t *testing.T) {
	for _, c := range []struct{ name, imports, refused string }{
		{"01-blocking/http1", "os", "without input and output"},
		{"01-blocking/http1", "net/http", "without input and output"},
		{"01-blocking/http1", "bufio", "without input and output"},
		{"01-blocking/http1", Root + "01-blocking/strand", "without input and output"},
		{"01-blocking/http1", "time", ""},
		{"01-blocking/strand", "golang.org/x/sys/unix", "not what carries it"},
		{"01-blocking/serve", Root + "01-blocking/sock", "knows none"},
		{"01-blocking/serve", Root + "01-blocking/http1", ""},
		{"01-blocking/app", Root + "01-blocking/sock", "nothing strange"},
		{"01-blocking/app", "net", "nothing strange"},
		{"01-blocking/sock", Root + "02-selectors/poll", "earlier stages only"},
		{"02-selectors/loop", Root + "01-blocking/sock", ""},
		{"02-selectors/loop", Root + "docs/results", "earlier stages only"},
		{"03-coroutines/coro", "syscall", "there can be two"},
		{"03-coroutines/coro", "net/netip", ""},
		{"03-coroutines/coro", "net", ""},
		{"03-coroutines/coro", Root + "03-coroutines/system", "there can be two"},
		{"03-coroutines/coro", Root + "02-selectors/poll", ""},
		{"03-coroutines/nethttp", Root + "03-coroutines/system", "knows no machine"},
		{"03-coroutines/nethttp", "net/http", ""},
		{"03-coroutines/sim", Root + "01-blocking/sock", "nothing real"},
		{"04-prefork/prefork", "net/http", "not what is spoken"},
		{"04-prefork/prefork", Root + "01-blocking/http1", "not what is spoken"},
		{"04-prefork/prefork", Root + "02-selectors/poll", "not what is spoken"},
		{"04-prefork/prefork", "golang.org/x/sys/unix", ""},
		{"05-comet/sequencer", "net", "frames in, frames out"},
		{"05-comet/hub", Root + "03-coroutines/coro", "every model"},
		{"05-comet/hub", Root + "05-comet/sequencer", ""},
		{"05-comet/comet", Root + "05-comet/cmd/bench", "nothing imports bench"},
	} {
		found := Violations([]Package{{ImportPath: Root + c.name, Imports: []string{c.imports}}})
		expectSentence(t, c.name+" imports "+c.imports, found, c.refused)
	}
}

// expectSentence wants one sentence that contains text, or none if text is empty.
func expectSentence(t *testing.T, what string, found []string, text string) {
	t.Helper()
	switch {
	case text == "" && len(found) > 0:
		t.Errorf("%s: refused with %q, and is allowed", what, found)
	case text != "" && !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, text) }):
		t.Errorf("%s: found %q, want a sentence with %q", what, found, text)
	}
}

func TestTestsImportBackwardsToo(t *testing.T) {
	found := Violations([]Package{{ImportPath: Root + "01-blocking/sock", XTestImports: []string{Root + "05-comet/comet"}}})
	expectSentence(t, "a test of stage 01 imports stage 05", found, "earlier stages only")
}

func TestDependencies(t *testing.T) {
	const cmp = "github.com/google/go-cmp/cmp"
	for _, c := range []struct {
		p       Package
		refused string
	}{
		{Package{ImportPath: Root + "02-selectors/loop", Imports: []string{"github.com/tidwall/evio"}}, "the standard library only"},
		{Package{ImportPath: Root + "02-selectors/loop", Imports: []string{cmp}}, "the standard library only"},
		{Package{ImportPath: Root + "02-selectors/loop", Imports: []string{"golang.org/x/sys/unix"}}, ""},
		{Package{ImportPath: Root + "02-selectors/loop", TestImports: []string{cmp}}, ""},
		{Package{ImportPath: Root + "02-selectors/loop", XTestImports: []string{"github.com/stretchr/testify"}}, "the tests of"},
		{Package{ImportPath: Root + "01-blocking/strand/modeltest", Imports: []string{cmp}}, ""},
		{Package{ImportPath: Root + "01-blocking/app", Imports: []string{Root + "01-blocking/strand/modeltest"}}, "only tests do"},
		{Package{ImportPath: Root + "01-blocking/app", TestImports: []string{Root + "01-blocking/strand/modeltest"}}, ""},
	} {
		expectSentence(t, fmt.Sprint(c.p), Violations([]Package{c.p}), c.refused)
	}
}

// clockless are the packages that must not ask what time it is, nor wait for it: their time is given to
// them, so that it can be simulated.
var clockless = []string{"01-blocking/http1", "01-blocking/serve", "01-blocking/app",
	"03-coroutines/coro", "03-coroutines/sim", "05-comet/sequencer", "05-comet/hub"}

var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

func TestClockless(t *testing.T) {
	for _, name := range clockless {
		files, err := filepath.Glob(filepath.Join("..", "..", name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "faults.go" {
				continue // faults keep the real processor busy for real time
			}
			for _, use := range clockUses(t, file, nil) {
				t.Errorf("%s: take the time from the model or the caller", use)
			}
		}
	}
}

func TestClockUsesFindsThem(t *testing.T) {
	found := clockUses(t, "x.go", "package x\nimport \"time\"\nvar a = time.Now()\nvar b time.Time\nvar c = b.After(a)\nfunc f() { <-time.After(1) }\n")
	want := []string{"x.go:3:9: time.Now", "x.go:6:14: time.After"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

// namesOnly is what coro may use of the two packages that could do input and output for it: a Conn is a
// net.Conn, and its errors are those that users of net expect.
var namesOnly = map[string][]string{
	"net": {"Addr", "Conn", "Listener", "ErrClosed", "TCPAddrFromAddrPort"},
	"os":  {"ErrDeadlineExceeded"},
}

func TestCoroUsesOnlyNamesOfTheSystem(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "03-coroutines", "coro", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, use := range selectors(t, file, nil, func(of, name string) bool {
			allowed, limited := namesOnly[of]
			return limited && !slices.Contains(allowed, name)
		}) {
			t.Errorf("%s: coro makes no system call, its Kernel does", use)
		}
	}
}

func TestSelectorsFindsThem(t *testing.T) {
	found := selectors(t, "x.go", "package x\nimport \"net\"\nvar a net.Conn\nvar b, c = net.Dial(\"tcp\", \"\")\n",
		func(of, name string) bool { return of == "net" && name != "Conn" })
	if want := []string{"x.go:4:12: net.Dial"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

// clockUses lists the places where a file asks package time for the time. source is as for parser.ParseFile.
func clockUses(t *testing.T, file string, source any) []string {
	t.Helper()
	return selectors(t, file, source, func(of, name string) bool { return of == "time" && slices.Contains(clocks, name) })
}

// selectors lists the places where a file says of.name and wanted is true for it.
func selectors(t *testing.T, file string, source any, wanted func(of, name string) bool) (uses []string) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && wanted(x.Name, s.Sel.Name) {
				uses = append(uses, fmt.Sprintf("%s: %s.%s", set.Position(s.Pos()), x.Name, s.Sel.Name))
			}
		}
		return true
	})
	return uses
}
