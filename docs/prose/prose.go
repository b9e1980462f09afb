// Package prose reads the chapters as Markdown and finds what a reader would stumble over.
//
// [Read] parses a page; [Links] finds links to files and headings that are not there; [Typed] finds code,
// transcripts and figures that a person typed where a tool should have put them; [Glossary.Check] finds
// terms that are linked and not explained, or explained and not linked where a chapter first uses them.
// Each answer is a list of sentences with file and line.
//
// What it does not do: it asks no network, so a link to another site is not followed, and it has no opinion
// on style.
package prose

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// A Page is a Markdown file, read.
type Page struct {
	Name    string // from the repository's root, with slashes
	source  []byte
	tree    ast.Node
	anchors map[string]bool
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

var explicit = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)

// Read parses a page. The name is its path from the repository's root, with slashes.
func Read(name string, source []byte) *Page {
	p := &Page{Name: name, source: source, tree: markdown.Parser().Parse(text.NewReader(source)), anchors: map[string]bool{}}
	count := map[string]int{}
	p.walk(func(n ast.Node) {
		if _, ok := n.(*ast.Heading); !ok {
			return
		}
		anchor := slug(p.words(n))
		if again := count[anchor]; again > 0 {
			p.anchors[fmt.Sprintf("%s-%d", anchor, again)] = true
		}
		p.anchors[anchor] = true
		count[anchor]++
	})
	for _, m := range explicit.FindAllSubmatch(source, -1) {
		p.anchors[string(m[1])] = true
	}
	return p
}

// walk visits every node once, in the order of the text.
func (p *Page) walk(visit func(ast.Node)) {
	ast.Walk(p.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// words is the text of a node without its markup.
func (p *Page) words(n ast.Node) string {
	var out strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(n.Segment.Value(p.source))
				if n.SoftLineBreak() {
					out.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				out.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

// slug is the anchor that GitHub gives a heading: lower case, spaces to hyphens, no punctuation.
func slug(heading string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case r == ' ':
			out.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			out.WriteRune(r)
		}
	}
	return out.String()
}

// at is the place of a node, for a sentence.
func (p *Page) at(n ast.Node) string {
	for ; n != nil; n = n.Parent() {
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			return p.line(n.Lines().At(0).Start)
		}
	}
	return p.Name
}

func (p *Page) line(offset int) string {
	return fmt.Sprintf("%s:%d", p.Name, 1+strings.Count(string(p.source[:offset]), "\n"))
}

var lineNumber = regexp.MustCompile(`^L\d+`)

// Links returns a sentence for each link or picture in the pages whose file or heading is not below root.
func Links(root string, pages []*Page) (problems []string) {
	known := map[string]*Page{}
	for _, p := range pages {
		known[p.Name] = p
	}
	for _, p := range pages {
		p.walk(func(n ast.Node) {
			var destination string
			switch n := n.(type) {
			case *ast.Link:
				destination = string(n.Destination)
			case *ast.Image:
				destination = string(n.Destination)
			default:
				return
			}
			if problem := p.dead(root, destination, known); problem != "" {
				problems = append(problems, p.at(n)+": "+problem)
			}
		})
		for _, m := range picture.FindAllSubmatchIndex(p.source, -1) {
			if problem := p.dead(root, string(p.source[m[2]:m[3]]), known); problem != "" {
				problems = append(problems, p.line(m[0])+": "+problem)
			}
		}
	}
	return problems
}

// picture finds the files that HTML in a page names, as the charts do.
var picture = regexp.MustCompile(`(?:src|srcset)="([^"]+)"`)

// dead says what is wrong with a link, or nothing.
func (p *Page) dead(root, destination string, known map[string]*Page) string {
	u, err := url.Parse(destination)
	if err != nil {
		return fmt.Sprintf("the link %q cannot be read: %v", destination, err)
	}
	if u.Scheme != "" {
		return ""
	}
	target := p.Name
	if u.Path != "" {
		target = path.Join(path.Dir(p.Name), u.Path)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil || strings.HasPrefix(target, "..") {
			return fmt.Sprintf("the link to %s leads nowhere: there is no %s", destination, target)
		}
	}
	page := known[target]
	switch {
	case u.Fragment == "":
	case page != nil && !page.anchors[u.Fragment]:
		return fmt.Sprintf("the link to %s leads nowhere: %s has no heading %q", destination, target, u.Fragment)
	case page == nil && lineNumber.MatchString(u.Fragment):
		return fmt.Sprintf("the link to %s names a line, which moves when the file changes: weave the place in, or name the file", destination)
	}
	return ""
}
