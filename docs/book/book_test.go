package book

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/uncached"
)

// fixture is a small repository of its own, recorded and woven.
func fixture(t *testing.T) (root string) {
	t.Helper()
	t.Setenv("GOWORK", "off")        // it is no part of the workspace
	t.Setenv("GOFLAGS", "-trimpath") // the same program in another directory need not be built again
	root = t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/repo")); err != nil {
		t.Fatal(err)
	}
	b := open(t, root)
	text, err := b.Record(t.Context(), "docs/01-first.md")
	if err != nil {
		t.Fatal(err)
	}
	save(t, root, "docs/01-first.md", text)
	changed, err := open(t, root).Weave()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range changed {
		save(t, root, name, string(text))
	}
	return root
}

func open(t *testing.T, root string) *Book {
	t.Helper()
	b, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func save(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var stages = []string{"01-blocking"}

func TestWovenBookIsClean(t *testing.T) {
	needBash(t)
	root := fixture(t)
	if problems := open(t, root).Problems(stages); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	text := open(t, root).pages["docs/01-first.md"]
	for _, want := range []string{
		"This takes <!-- figure: minutes -->25<!-- /figure --> minutes",
		"in `func main`, after `func main() {`:\n\n```go\nfmt.Println(\"Hello, World!\")\n```",
		"+\tfmt.Println(\"Good morning, World!\")",
		"```console\n$ bin/hello\nHello, World!\npid ",
		"$ echo $?\n0\n```",
		"| coroutines | 6.60 (6.30–6.71) | 1.10 (1.05–1.10) |",
		"pictures/hello-cpu-dark.svg",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if text := open(t, root).pages["docs/workshop.md"]; !strings.Contains(text, "| [The first server](01-first.md) | 25 | 0 h 25 |") {
		t.Errorf("the schedule is\n%s", text)
	}
	if text := open(t, root).pages["README.md"]; !strings.Contains(text, "1.10 ×") {
		t.Errorf("README.md is\n%s", text)
	}
}

// Minutes become hours.
func TestScheduleCrossesTheHour(t *testing.T) {
	b := &Book{pages: map[string]string{
		"docs/01-a.md": "# The first\n<!-- minutes: 50 -->\n",
		"docs/02-b.md": "# The second\n<!-- minutes: 25 -->\n",
	}}
	table, err := b.schedule("docs/workshop.md")
	if err != nil || !strings.Contains(table, "| [The second](02-b.md) | 25 | 1 h 15 |\n") {
		t.Errorf("%v\n%s", err, table)
	}
}

// A page below testdata is a test's, and a picture that no chart draws is somebody's mistake.
func TestWhatIsNoPageAndWhatIsNoPicture(t *testing.T) {
	root := t.TempDir()
	save(t, root, "README.md", "# A repository\n")
	save(t, root, "docs/part/testdata/bad.md", "<!-- weave: nowhere.go#nothing -->\n")
	save(t, root, "docs/pictures/old-light.svg", "<svg/>")
	problems := open(t, root).Problems(nil)
	if len(problems) != 1 || !strings.Contains(problems[0], "docs/pictures/old-light.svg: no chart draws this picture") {
		t.Errorf("problems %q, want one, of the picture", problems)
	}
}

func needBash(t *testing.T) {
	t.Helper()
	if missing := (&Transcript{}).Missing(); missing != "" {
		t.Skip(missing)
	}
}

// TestDrift: whatever drifts, text or code, is found, and the sentence says what.
func TestDrift(t *testing.T) {
	needBash(t)
	root := fixture(t)
	const page, source = "docs/01-first.md", "01-blocking/cmd/hello/main.go"
	for _, c := range []struct{ name, file, old, new, want string }{
		{"the code in the page", page, "fmt.Println(\"Hello, World!\")\n```", "fmt.Println(\"Hello, all!\")\n```", "run make weave"},
		{"the code in the source", source, "Hello, World!", "Hello, Moon!", "run make weave"},
		{"the function's name", source, "func polite()", "func friendly()", `no region and no declaration "polite"`},
		{"a region that nobody shows", source, "\tfmt.Println(\"pid\"", "\t//> extra\n\t//< extra\n\tfmt.Println(\"pid\"", "no chapter shows the region extra"},
		{"a marker that is gone", source, "\t//> greet\n", "", "the region greet ends and did not begin"},
		{"a marker that moved", source, "\t//< greet\n\tfmt.Println(\"pid\", os.Getpid())\n", "\tfmt.Println(\"pid\", os.Getpid())\n\t//< greet\n", "run make weave"},
		{"a deletion in the diff", page, "-func main() {", "-func Main() {", "run make weave"},
		{"a figure in a sentence", "README.md", "1.10 ×", "1.05 ×", "run make weave"},
		{"a figure in a table", page, "6.60 (", "6.50 (", "run make weave"},
		{"a result", "docs/results/hello.json", "6.6, 6.71, 6.3", "6.6, 6.71, 6.31", "run make weave"},
		{"a picture", "docs/pictures/hello-cpu-dark.svg", "threads", "fast threads", "docs/pictures/hello-cpu-dark.svg"},
		{"the minutes", page, "<!-- minutes: 15 -->", "<!-- minutes: 20 -->", "docs/workshop.md"},
		{"typed Go code", page, "A [backlog]", "```go\nx := 1\n```\n\nA [backlog]", "typed Go code"},
		{"a dead link", page, "A [backlog](glossary.md#backlog)", "A [backlog](glossary.md#queue)", "no heading \"queue\""},
		{"a term at first use", page, "A [backlog](glossary.md#backlog)", "A backlog", "first use"},
		{"a page's missing minutes", page, "<!-- minutes: 10 -->", "<!-- minutes: ten -->", "no number of minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(c.old)) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			save(t, root, c.file, strings.Replace(string(text), c.old, c.new, 1))
			problems := open(t, root).Problems(stages)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("problems %q, want one with %q", problems, c.want)
			}
			save(t, root, c.file, string(text))
		})
	}
}

// TestReplay: a transcript that was changed by hand, or a program that changed, is found when it is run.
func TestReplay(t *testing.T) {
	needBash(t)
	root := fixture(t)
	replay := func() string {
		found, err := open(t, root).Transcripts()
		if err != nil || len(found) != 1 {
			t.Fatalf("%d transcripts, %v", len(found), err)
		}
		if err := Build(t.Context(), root, found...); err != nil {
			t.Fatal(err)
		}
		diff, err := found[0].Replay(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		return diff
	}
	if diff := replay(); diff != "" {
		t.Errorf("nothing changed, and the replay differs:\n%s", diff)
	}
	page := open(t, root).pages["docs/01-first.md"]
	save(t, root, "docs/01-first.md", strings.Replace(page, "$ bin/hello\nHello, World!", "$ bin/hello\nHello, Moon!", 1))
	if diff := replay(); !strings.Contains(diff, "-Hello, Moon!") {
		t.Errorf("the page was changed by hand, and the replay says %q", diff)
	}
	save(t, root, "docs/01-first.md", page)
	const source = "01-blocking/cmd/hello/main.go"
	text, err := os.ReadFile(filepath.Join(root, source))
	if err != nil {
		t.Fatal(err)
	}
	save(t, root, source, strings.Replace(string(text), "World", "Mars", 1))
	if diff := replay(); !strings.Contains(diff, "+Hello, Mars!") {
		t.Errorf("the program was changed, and the replay says %q", diff)
	}
}

// TestServersAreNamedToTheReader: what only a comment starts, a reader does not.
func TestServersAreNamedToTheReader(t *testing.T) {
	const told = "In another terminal: `bin/hello -forever`.\n\n"
	const block = "<!-- transcript:\nwith: bin/hello -forever\n-->\n```console\n$ true\n```\n<!-- /transcript -->\n"
	for _, c := range []struct {
		name, page string
		fine       bool
	}{
		{"in the section", "# One\n\n## Two\n\n" + told + block, true},
		{"nowhere", "# One\n\n## Two\n\n" + block, false},
		{"in a comment", "# One\n\n## Two\n\n<!-- " + told + "-->\n" + block, false},
		{"in an earlier section", "# One\n\n" + told + "## Two\n\n" + block, false},
		{"too late", "# One\n\n## Two\n\n" + block + told, false},
		{"another one", "# One\n\n## Two\n\n" + strings.Replace(told, " -forever", "", 1) + block, false},
	} {
		b := &Book{pages: map[string]string{"docs/01-first.md": c.page}}
		if found, err := b.Transcripts(); (err == nil) != c.fine {
			t.Errorf("%s: %d transcripts, %v", c.name, len(found), err)
		}
	}
}

// TestRecordIsQuiet: recording again what only differs in what may vary (here a pid) changes nothing.
func TestRecordIsQuiet(t *testing.T) {
	needBash(t)
	root := fixture(t)
	b := open(t, root)
	again, err := b.Record(t.Context(), "docs/01-first.md")
	if err != nil || again != b.pages["docs/01-first.md"] {
		t.Errorf("recording again: %v, the page is now\n%s", err, again)
	}
}

// TestEveryBlockIsGuarded takes the repository's own pages and changes each generated block by hand, one
// after the other: every change must be found. What a transcript prints is changed too, and must differ
// whatever may vary.
func TestEveryBlockIsGuarded(t *testing.T) {
	uncached.Test(t, "..")
	const root = "../.."
	whole := open(t, root)
	for name, text := range whole.pages {
		page, err := chapter.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, block := range page.Blocks {
			if block.Kind == "transcript" {
				guardedTranscript(t, name, block)
				continue
			}
			b := open(t, root)
			count := -1
			b.pages[name], _ = page.Fill(func(b *chapter.Block) (string, error) {
				if count++; count == i {
					return b.Body + "x", nil
				}
				return b.Body, nil
			})
			changed, _ := b.Weave()
			if string(changed[name]) == "" || string(changed[name]) == b.pages[name] {
				t.Errorf("%s:%d: this %s block was changed by hand, and nobody noticed", name, block.Line, block.Kind)
			}
		}
	}
}

func guardedTranscript(t *testing.T, name string, block *chapter.Block) {
	t.Helper()
	recorded, err := read(name, block)
	if err != nil {
		t.Errorf("%s:%d: %v", name, block.Line, err)
		return
	}
	for i := range recorded.steps {
		changed := slices.Clone(recorded.steps)
		changed[i].Output += "\nchanged by hand"
		if recorded.rules.Diff(changed, recorded.steps) == "" {
			t.Errorf("%s: what %q prints was changed by hand, and nobody noticed", recorded.Name, changed[i].Command)
		}
	}
}
