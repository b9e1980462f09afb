// Package book holds the chapters to what they show: code, commands, figures, minutes, links and terms.
//
// [Open] reads the pages below docs and README.md. [Book.Weave] returns them with every generated block
// filled again, and whoever wants them written writes them; [Book.Problems] says in sentences what is
// stale or wrong. [Book.Transcripts] lists the recorded commands, for a test to run again, and
// [Book.Record] puts new output into the pages.
//
// A chapter is a page whose name begins with two digits, 01-blocking.md. Its time is the sum of its
// comments <!-- minutes: 15 -->; a schedule block anywhere becomes the table of all chapters.
//
// What it does not do: it writes no file, and it knows nothing of what the chapters teach.
package book

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/figures"
	"example.com/c10k/docs/prose"
	"example.com/c10k/docs/weave"
)

// above is how many lines above a woven piece its caption names, unless the marker says otherwise.
const above = 1

// A Book is the pages of a repository.
type Book struct {
	root    string
	pages   map[string]string // text by name from the root
	sources *weave.Sources
	maker   *figures.Maker
}

// Open reads README.md and all pages below docs of the repository at root; directories called testdata
// are left out.
func Open(root string) (*Book, error) {
	b := &Book{root: root, pages: map[string]string{}, sources: weave.New(root), maker: figures.New(filepath.Join(root, "docs", "results"))}
	read := func(name string) error {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		b.pages[name] = string(text)
		return err
	}
	if err := read("README.md"); err != nil {
		return nil, err
	}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(name string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return filepath.SkipDir
		case path.Ext(entry.Name()) != ".md":
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return read(filepath.ToSlash(relative))
	})
	return b, err
}

// names are the pages in the order of their names.
func (b *Book) names() []string { return slices.Sorted(maps.Keys(b.pages)) }

var chapterName = regexp.MustCompile(`^docs/\d\d-[a-z0-9-]+\.md$`)

// Weave returns the files, pages and pictures, that differ from what is there, and what could not be
// filled. Transcripts are left alone: see Record.
func (b *Book) Weave() (changed map[string][]byte, err error) {
	changed = map[string][]byte{}
	var problems []error
	for _, name := range b.names() {
		page, err := chapter.Parse(b.pages[name])
		if err != nil {
			problems = append(problems, in(name, err))
		}
		text, err := page.Fill(func(block *chapter.Block) (string, error) { return b.fill(name, block) })
		if err != nil {
			problems = append(problems, in(name, err))
		}
		if text != b.pages[name] {
			changed[name] = []byte(text)
		}
	}
	for name, svg := range b.maker.Files {
		name = "docs/pictures/" + name
		old, err := os.ReadFile(filepath.Join(b.root, filepath.FromSlash(name)))
		if err != nil || string(old) != string(svg) {
			changed[name] = svg
		}
	}
	return changed, errors.Join(problems...)
}

// in puts a page's name before each line of an error: it may be several errors, joined.
func in(name string, err error) error {
	return errors.New(name + ": " + strings.ReplaceAll(err.Error(), "\n", "\n"+name+": "))
}

// fill makes the body of one block.
func (b *Book) fill(page string, block *chapter.Block) (string, error) {
	link := strings.Repeat("../", strings.Count(page, "/"))
	switch block.Kind {
	case "weave":
		if err := block.Known("before"); err != nil {
			return "", err
		}
		if len(block.Args) != 1 {
			return "", errors.New("name one place, FILE#NAME")
		}
		before, err := strconv.Atoi(block.Option("before", strconv.Itoa(above)))
		if err != nil || before < 0 {
			return "", fmt.Errorf("before=%s: say how many lines", block.Option("before", ""))
		}
		return b.sources.Code(block.Args[0], link, before)
	case "diff":
		if len(block.Args) != 2 {
			return "", errors.New("name two places, FILE#NAME FILE#NAME")
		}
		return b.sources.Diff(block.Args[0], block.Args[1], link)
	case "figure":
		if len(block.Args) == 1 && block.Args[0] == "minutes" {
			total, err := minutes(b.pages[page])
			return strconv.Itoa(total), err
		}
		return b.maker.Figure(block)
	case "table":
		return b.maker.Table(block)
	case "chart", "timeline":
		if !strings.HasPrefix(page, "docs/") || strings.Count(page, "/") != 1 {
			return "", fmt.Errorf("a %s stands in a page directly below docs, where its pictures are", block.Kind)
		}
		if block.Kind == "timeline" {
			return b.maker.Timeline(block)
		}
		return b.maker.Chart(block)
	case "schedule":
		return b.schedule(page)
	}
	return block.Body, nil
}

// Problems returns a sentence for everything that is stale or wrong in the pages, transcripts excepted:
// those must be run.
func (b *Book) Problems(sourceDirectories []string) (problems []string) {
	changed, err := b.Weave()
	if err != nil {
		problems = append(problems, strings.Split(err.Error(), "\n")...)
	}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		problems = append(problems, fmt.Sprintf("%s: a generated block is not what its source says: run make weave%s",
			name, firstDifference(b.pages[name], string(changed[name]))))
	}
	problems = append(problems, b.sources.Unused(sourceDirectories...)...)
	var pages []*prose.Page
	var glossary *prose.Glossary
	for _, name := range b.names() {
		p := prose.Read(name, []byte(b.pages[name]))
		pages = append(pages, p)
		if name == "docs/glossary.md" {
			glossary = prose.ReadGlossary(p)
		}
	}
	problems = append(problems, prose.Links(b.root, pages)...)
	for _, p := range pages {
		if glossary != nil && p.Name != "docs/glossary.md" {
			problems = append(problems, glossary.Check(p, chapterName.MatchString(p.Name))...)
		}
		parsed, _ := chapter.Parse(b.pages[p.Name]) // its errors are among Weave's
		problems = append(problems, prose.Typed(prose.Read(p.Name, []byte(parsed.Blank())))...)
	}
	return append(problems, b.orphans()...)
}

// orphans are pictures that no chart draws any more. Only what the charts name so is looked at.
func (b *Book) orphans() (problems []string) {
	for _, theme := range []string{"light", "dark"} {
		found, _ := filepath.Glob(filepath.Join(b.root, "docs", "pictures", "*-"+theme+".svg"))
		for _, name := range found {
			if b.maker.Files[filepath.Base(name)] == nil {
				problems = append(problems, fmt.Sprintf("docs/pictures/%s: no chart draws this picture: remove it", filepath.Base(name)))
			}
		}
	}
	return problems
}

// firstDifference shows the first line that is not as it should be.
func firstDifference(is, should string) string {
	a, b := strings.Split(is, "\n"), strings.Split(should, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf(" (line %d is %q and should be %q)", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf(" (it has %d lines and should have %d)", len(a), len(b))
}
