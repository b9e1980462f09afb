package weave

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCode(t *testing.T) {
	s := New("testdata")
	for _, c := range []struct {
		place  string
		before int
		want   string
	}{
		{"stage/server.go#refuse", 2, "[`stage/server.go`](../stage/server.go), in `func (s *Server) Serve`, after `for {` `c, err := s.listener.Accept()`:\n\n" +
			"```go\nif err != nil {\n\t// Nothing to clean up.\n\treturn err\n}\n```"},
		{"stage/server.go#Server", 1, "[`stage/server.go`](../stage/server.go):\n\n" +
			"```go\n// A Server answers.\ntype Server struct {\n\tlistener net.Listener\n}\n```"},
		{"stage/server.go#handle", 1, "[`stage/server.go`](../stage/server.go), after `func (s *Server) Serve`:\n\n" +
			"```go\nfunc handle(c net.Conn) { c.Close() }\n```"},
		{"stage/server.go#MaxBody", 0, "[`stage/server.go`](../stage/server.go):\n\n```go\nMaxBody = 1 << 20\n```"},
		{"stage/start.sh#server", 1, "[`stage/start.sh`](../stage/start.sh):\n\n```sh\nbin/server &\n```"},
	} {
		got, err := s.Code(c.place, "../", c.before)
		if err != nil {
			t.Errorf("%s: %v", c.place, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.place, diff)
		}
	}
}

// TestCodeHasNoMarkers: a declaration with a region inside is shown as a reader of the chapter wants it.
func TestCodeHasNoMarkers(t *testing.T) {
	for _, place := range []string{"stage/server.go", "stage/server.go#Server.Serve"} {
		got, err := New("testdata").Code(place, "", 0)
		if err != nil || strings.Contains(got, "//>") || strings.Contains(got, "//<") || !strings.Contains(got, "go handle(c)") {
			t.Errorf("%s: error %v, code\n%s", place, err, got)
		}
	}
}

func TestDiffShowsDeletions(t *testing.T) {
	got, err := New("testdata").Diff("stage/server.go#Server.Serve", "stage/threads.go#Server.ServeThreads", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"-func (s *Server) Serve() error {\n", "-\t\tgo handle(c)\n", "+\t\t\truntime.LockOSThread()\n", " \tfor {\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing from\n%s", line, got)
		}
	}
	if _, err := New("testdata").Diff("stage/server.go#Server", "stage/server.go#Server", ""); err == nil {
		t.Error("a diff of a place with itself shows nothing, and is no error")
	}
}

// In a group a type is its own lines, with its own comment; and code with a fence in it stands between longer ones.
func TestGroupsAndFences(t *testing.T) {
	root := t.TempDir()
	const source = "package x\n\n// All of them.\ntype (\n\t// A is one.\n\tA int\n\n\tB string\n)\n\nconst mark = \"```\"\n"
	if err := os.WriteFile(filepath.Join(root, "x.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]string{
		"x.go#A":    "[`x.go`](x.go):\n\n```go\n// A is one.\nA int\n```",
		"x.go#mark": "[`x.go`](x.go):\n\n````go\nconst mark = \"```\"\n````",
	} {
		got, err := New(root).Code(place, "", 0)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", place, err, diff)
		}
	}
}

func TestUnknownPlaces(t *testing.T) {
	for place, want := range map[string]string{
		"stage/server.go#missing":      `no region and no declaration "missing"; it has the regions ["refuse"]`,
		"stage/nowhere.go#refuse":      "a file that is not there",
		"../weave/testdata/x.go":       "from the repository's root",
		"stage/server.go#Server.Close": "no declaration",
	} {
		if _, err := New("testdata").Code(place, "", 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", place, err, want)
		}
	}
}

func TestUnused(t *testing.T) {
	s := New("testdata")
	if _, err := s.Code("stage/server.go#refuse", "", 0); err != nil {
		t.Fatal(err)
	}
	got := s.Unused("stage")
	want := []string{
		"stage/start.sh: no chapter shows the region server: remove its markers",
		"stage/threads.go: no chapter shows the region refuse: remove its markers",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBadMarkers: what is wrong with a marker is said with its place.
func TestBadMarkers(t *testing.T) {
	for source, want := range map[string]string{
		"package x\n\n//> one\n\nvar a int\n":                           "x.go:3: the region one has no end",
		"package x\n\n//< one\n":                                        "x.go:3: the region one ends and did not begin",
		"package x\n\n//> one\n\n//< one\n\n//> one\n\n//< one\n":       "x.go:7: a second region one",
		"package x\n\n//> One Two\n\n//< One Two\n":                     "a region's name is lower-case",
		"package x\n\n// > one\n// F is a function.\nfunc F() {}\n":     "put an empty line after it",
		"package x\n\nfunc one() {}\n\n//> one\n\nvar a int\n//< one\n": "both a declaration and a region",
	} {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "x.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := New(root).Code("x.go#one", "", 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", source, err, want)
		}
	}
}
