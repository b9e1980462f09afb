package weave

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A file is a source file and what can be named in it.
type file struct {
	name         string
	lines        []string
	markers      map[int]bool // indexes of lines that are markers
	regions      map[string]lines
	declarations map[string]lines // Serve, Conn.Recv; with their comments
	bodies       []body           // functions and types, in the order of the file
}

// lines are a range of line indexes: first is in it, end is not.
type lines struct{ first, end int }

// A body is where a declaration is, and how a caption calls it.
type body struct {
	lines
	title string // "func (c *Conn) Recv", "type Conn"
}

var (
	marker    = regexp.MustCompile(`^\s*(?://|#)([<>]) ?(.*?)\s*$`)
	formatted = regexp.MustCompile(`^\s*// [<>] [a-z-]+$`)
	name      = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// parse finds a file's regions and, in a Go file, its declarations.
func parse(fileName, text string) (*file, error) {
	f := &file{name: fileName, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n"),
		markers: map[int]bool{}, regions: map[string]lines{}, declarations: map[string]lines{}}
	if err := f.parseMarkers(); err != nil {
		return nil, err
	}
	if path.Ext(fileName) == ".go" {
		if err := f.parseGo(text); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *file) parseMarkers() error {
	open := map[string]int{}
	for i, line := range f.lines {
		at := fmt.Sprintf("%s:%d", f.name, i+1)
		if path.Ext(f.name) == ".go" && formatted.MatchString(line) {
			return fmt.Errorf("%s: gofmt took this marker for a part of the comment below: put an empty line after it", at)
		}
		m := marker.FindStringSubmatch(line)
		if m == nil || path.Ext(f.name) == ".go" && strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		region := m[2]
		_, closed := f.regions[region]
		first, opened := open[region]
		switch {
		case !name.MatchString(region):
			return fmt.Errorf("%s: a region's name is lower-case letters, digits and hyphens, and here is %q", at, region)
		case m[1] == ">" && (opened || closed):
			return fmt.Errorf("%s: a second region %s", at, region)
		case m[1] == ">":
			open[region] = i
		case !opened:
			return fmt.Errorf("%s: the region %s ends and did not begin", at, region)
		default:
			f.regions[region] = lines{first + 1, i}
			delete(open, region)
		}
		f.markers[i] = true
	}
	for region, first := range open {
		return fmt.Errorf("%s:%d: the region %s has no end", f.name, first+1, region)
	}
	return nil
}

func (f *file) parseGo(text string) error {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("this file does not parse: %w", err)
	}
	line := func(p token.Pos) int { return set.Position(p).Line - 1 }
	span := func(doc *ast.CommentGroup, n ast.Node) lines {
		first := line(n.Pos())
		if doc != nil {
			first = line(doc.Pos())
		}
		return lines{first, line(n.End()-1) + 1}
	}
	for _, declaration := range parsed.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			title, key := "func "+d.Name.Name, d.Name.Name
			if d.Recv != nil {
				receiver := strings.Trim(text[set.Position(d.Recv.Pos()).Offset:set.Position(d.Recv.End()).Offset], "()")
				_, typeName, found := strings.Cut(receiver, " ")
				if !found {
					typeName = receiver
				}
				base, _, _ := strings.Cut(strings.TrimPrefix(typeName, "*"), "[")
				title, key = fmt.Sprintf("func (%s) %s", receiver, d.Name.Name), base+"."+d.Name.Name
			}
			f.declarations[key] = span(d.Doc, d)
			f.bodies = append(f.bodies, body{span(d.Doc, d), title})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				f.declare(d, spec, span)
			}
		}
	}
	return nil
}

// declare notes the names of a type, const or var declaration. In a group, a name is its own lines; alone,
// it is the whole declaration.
func (f *file) declare(d *ast.GenDecl, spec ast.Spec, span func(*ast.CommentGroup, ast.Node) lines) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		where := span(d.Doc, d)
		if d.Lparen.IsValid() {
			where = span(s.Doc, s)
		}
		f.declarations[s.Name.Name] = where
		f.bodies = append(f.bodies, body{where, "type " + s.Name.Name})
	case *ast.ValueSpec:
		where := span(d.Doc, d)
		if d.Lparen.IsValid() {
			where = span(s.Doc, s)
		}
		for _, n := range s.Names {
			if n.Name != "_" {
				f.declarations[n.Name] = where
			}
		}
	}
}

// without returns a range of lines without the markers in it.
func (f *file) without(first, end int) (kept []string) {
	for i := first; i < end; i++ {
		if !f.markers[i] {
			kept = append(kept, f.lines[i])
		}
	}
	return kept
}

// enclosing returns the title of the declaration that a line is inside of, not its first line.
func (f *file) enclosing(line int) string {
	for _, b := range f.bodies {
		if b.first < line && line < b.end {
			return b.title
		}
	}
	return ""
}

// above returns up to n lines that stand before a line, nearest last: lines of code within the same
// declaration, or, at the top level, the title of the declaration before.
func (f *file) above(line, n int) (above []string) {
	start := -1
	for _, b := range f.bodies {
		if b.first < line && line < b.end {
			start = b.first
		}
	}
	if start < 0 {
		last := ""
		for _, b := range f.bodies {
			if b.end <= line {
				last = b.title
			}
		}
		if last == "" || n == 0 {
			return nil
		}
		return []string{last}
	}
	for i := line - 1; i >= start && len(above) < n; i-- {
		text := strings.TrimSpace(f.lines[i])
		if text != "" && !f.markers[i] && !strings.HasPrefix(text, "//") && !strings.Contains(text, "`") {
			above = append(above, text)
		}
	}
	slices.Reverse(above)
	return above
}

func (f *file) regionNames() []string { return slices.Sorted(maps.Keys(f.regions)) }
