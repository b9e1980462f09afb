package prose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// expect wants one problem for each text, in order.
func expect(t *testing.T, what string, problems []string, texts ...string) {
	t.Helper()
	if len(problems) != len(texts) {
		t.Errorf("%s: %d problems, want %d: %q", what, len(problems), len(texts), problems)
		return
	}
	for i, text := range texts {
		if !strings.Contains(problems[i], text) {
			t.Errorf("%s: problem %q does not say %q", what, problems[i], text)
		}
	}
}

func TestLinks(t *testing.T) {
	text, err := os.ReadFile("testdata/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	glossary := Read("testdata/glossary.md", text)
	for source, want := range map[string]string{
		"[ok](glossary.md#half-close)":                  "",
		"[ok](glossary.md#again-1)":                     "",
		"[ok](https://example.com/anything#x)":          "",
		"# Here: it's `code`!\n[ok](#here-its-code)":    "",
		"<a id=\"old\"></a>\n\n[ok](#old)":              "",
		"[no](nowhere.md)":                              "there is no testdata/nowhere.md",
		"[no](glossary.md#backlog)":                     `no heading "backlog"`,
		"[no](#missing)":                                `no heading "missing"`,
		"![no](pictures/none.svg)":                      "leads nowhere",
		"<picture>\n<img src=\"none.svg\">\n</picture>": "leads nowhere",
		"[no](../prose.go#L10)":                         "names a line",
		"[no](../../../../outside.md)":                  "leads nowhere",
	} {
		page := Read("testdata/page.md", []byte(source))
		var texts []string
		if want != "" {
			texts = []string{want}
		}
		expect(t, source, Links(".", []*Page{page, glossary}), texts...)
	}
}

// What lies beside the repository is on this machine only.
func TestALinkOutOfTheRepositoryIsDead(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "beside.md"), []byte("here\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	page := Read("page.md", []byte("[no](../beside.md)"))
	expect(t, "a link to a file beside the repository", Links(filepath.Join(root, "repository"), []*Page{page}), "leads nowhere")
}

func TestTyped(t *testing.T) {
	for source, want := range map[string]string{
		"```mermaid\nflowchart LR\n```":         "",
		"```sh\nmake run\n```":                  "",
		"```http\nGET / HTTP/1.1\n```":          "",
		"```go\nfmt.Println()\n```":             "weave block",
		"```text\nfunc main() {\n```":           "weave block",
		"text\n\n    x := 1\n":                  "weave block",
		"```console\n$ make run\n```":           "transcript block",
		"```sh\n$ make run\nok\n```":            "transcript block",
		"```\nsomething\n```":                   "says what it is",
		"In a sentence `x := 1` may be quoted.": "",
	} {
		var texts []string
		if want != "" {
			texts = []string{want}
		}
		expect(t, source, Typed(Read("page.md", []byte(source))), texts...)
	}
}

const glossary = "# Glossary\n\n### backlog\n<!-- also: backlogs -->\n\nThe queue.\n\n### park\n<!-- everyday -->\n\nTo wait.\n"

func TestGlossary(t *testing.T) {
	g := ReadGlossary(Read("docs/glossary.md", []byte(glossary)))
	for source, want := range map[string]string{
		"The [backlog](glossary.md#backlog) is a queue. A backlog is full.": "",
		"Nothing of the kind, and people park.":                             "",
		"`backlog` is a flag.":                                              "",
		"# The backlog\n\nA [backlog](glossary.md#backlog)":                 "",
		"Two Backlogs, with a capital letter.":                              `the first use of "backlog"`,
		"A backlog is said once.\n\nAnother backlog is not said again.":     `the first use of "backlog"`,
		"The backlogged is another word, as is pre-backlog.":                "",
		"A backlog before its [backlog](glossary.md#backlog).":              `the first use of "backlog"`,
		"A [half-close](glossary.md#half-close).":                           `the term "half-close" is used`,
	} {
		var texts []string
		if want != "" {
			texts = []string{want}
		}
		expect(t, source, g.Check(Read("docs/01-blocking.md", []byte(source)), true), texts...)
	}
	expect(t, "a page that is no chapter", g.Check(Read("README.md", []byte("A backlog.")), false))
}

func TestProblemsHaveALine(t *testing.T) {
	page := Read("docs/x.md", []byte("one\n\ntwo\n\n[no](nowhere.md)\n"))
	expect(t, "line", Links(".", []*Page{page}), "docs/x.md:5: ")
}
