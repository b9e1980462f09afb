// Package weave takes the code that a chapter shows from the files that build and are tested.
//
// A chapter names a place, FILE#NAME. The name is that of a Go declaration (Serve, Conn.Recv), which needs
// nothing in the source, or that of a region: a few lines between a pair of quiet comments,
//
//	//> refuse
//	…
//	//< refuse
//
// with #> in files whose comments begin so. FILE alone is the whole file. [Sources.Code] makes the block
// that a chapter shows: where it is from, in which function, after which lines, and the lines themselves
// without the markers; [Sources.Diff] shows what is different between two places, deletions as deletions.
// [Sources.Unused] lists regions that no chapter shows.
//
// What it does not do: it never writes to a source file, and it does not know chapters as files.
package weave

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// Sources are the source files below a root directory, read once each.
type Sources struct {
	root  string
	files map[string]*file
	used  map[string]bool // "FILE#NAME" of regions
}

// New returns the sources below root, the repository's top directory.
func New(root string) *Sources {
	return &Sources{root: root, files: map[string]*file{}, used: map[string]bool{}}
}

// A piece is what a place names: lines of a file.
type piece struct {
	file  *file
	first int // index of the first line
	lines []string
}

// Code returns the Markdown that shows a place, with up to before lines that stand above it named in the
// caption. link is the way from the chapter to the root ("../").
func (s *Sources) Code(place, link string, before int) (string, error) {
	p, err := s.find(place)
	if err != nil {
		return "", err
	}
	caption := fmt.Sprintf("[`%s`](%s%s)", p.file.name, link, p.file.name)
	if function := p.file.enclosing(p.first); function != "" {
		caption += fmt.Sprintf(", in `%s`", function)
	}
	if above := p.file.above(p.first, before); len(above) > 0 {
		caption += ", after `" + strings.Join(above, "` `") + "`"
	}
	return caption + ":\n\n" + fence(language(p.file.name), strings.Join(p.lines, "\n")), nil
}

// Diff returns the Markdown that shows what changes from one place to another.
func (s *Sources) Diff(from, to, link string) (string, error) {
	a, err := s.find(from)
	if err != nil {
		return "", err
	}
	b, err := s.find(to)
	if err != nil {
		return "", err
	}
	text := udiff.Unified("a", "b", strings.Join(a.lines, "\n")+"\n", strings.Join(b.lines, "\n")+"\n")
	if text == "" {
		return "", fmt.Errorf("%s and %s are the same: there is nothing to show", from, to)
	}
	// The first two lines name the files, which the caption does better.
	text = strings.TrimSuffix(text[strings.Index(text, "@@"):], "\n")
	caption := fmt.Sprintf("From [`%s`](%s%s) to [`%s`](%s%s):", from, link, a.file.name, to, link, b.file.name)
	return caption + "\n\n" + fence("diff", text), nil
}

func (s *Sources) find(place string) (*piece, error) {
	name, part, named := strings.Cut(place, "#")
	f, err := s.open(name)
	if err != nil {
		return nil, err
	}
	if !named {
		return &piece{f, 0, trim(f.without(0, len(f.lines)))}, nil
	}
	where, isRegion := f.regions[part]
	declared, isDeclared := f.declarations[part]
	switch {
	case isRegion && isDeclared:
		return nil, fmt.Errorf("%s has both a declaration and a region %s: rename the region", name, part)
	case isRegion:
		s.used[place] = true
		return &piece{f, where.first, trim(f.without(where.first, where.end))}, nil
	case isDeclared:
		return &piece{f, declared.first, trim(f.without(declared.first, declared.end))}, nil
	}
	return nil, fmt.Errorf("%s has no region and no declaration %q; it has the regions %q", name, part, f.regionNames())
}

func (s *Sources) open(name string) (*file, error) {
	if f := s.files[name]; f != nil {
		return f, nil
	}
	if name != path.Clean(name) || path.IsAbs(name) || strings.HasPrefix(name, "..") {
		return nil, fmt.Errorf("%q: name a file from the repository's root, with slashes", name)
	}
	text, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("a chapter names a file that is not there: %w", err)
	}
	f, err := parse(name, string(text))
	if err != nil {
		return nil, err
	}
	s.files[name] = f
	return f, nil
}

// Unused reads the source files of the given directories and returns the regions in them that nobody has
// asked for yet, as sentences, and what is wrong with their markers.
func (s *Sources) Unused(directories ...string) (problems []string) {
	for _, directory := range directories {
		top := filepath.Join(s.root, directory)
		err := filepath.WalkDir(top, func(name string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || language(name) == "" {
				return err
			}
			relative, err := filepath.Rel(s.root, name)
			if err != nil {
				return err
			}
			f, err := s.open(filepath.ToSlash(relative))
			if err != nil {
				problems = append(problems, err.Error())
				return nil
			}
			for _, region := range f.regionNames() {
				if !s.used[f.name+"#"+region] {
					problems = append(problems, fmt.Sprintf("%s: no chapter shows the region %s: remove its markers", f.name, region))
				}
			}
			return nil
		})
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	slices.Sort(problems)
	return problems
}

// fence puts code between fences that are longer than any in it.
func fence(language, code string) string {
	mark := "```"
	for strings.Contains(code, mark) {
		mark += "`"
	}
	return mark + language + "\n" + code + "\n" + mark
}

// language is the name that a fence gives to a file's contents; empty for files that are not source.
func language(name string) string {
	if path.Base(name) == "Makefile" {
		return "make"
	}
	return map[string]string{".go": "go", ".c": "c", ".sh": "sh", ".py": "python", ".js": "js", ".html": "html", ".css": "css", ".patch": "diff"}[path.Ext(name)]
}

// trim removes empty lines at both ends and the indentation that all lines share.
func trim(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	shared := -1
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			indent := len(line) - len(strings.TrimLeft(line, " \t"))
			if shared < 0 || indent < shared {
				shared = indent
			}
		}
	}
	trimmed := make([]string, len(lines))
	for i, line := range lines {
		trimmed[i] = line[min(max(shared, 0), len(line)):]
	}
	return trimmed
}
