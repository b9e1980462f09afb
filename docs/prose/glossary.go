package prose

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// A Glossary is a page with a heading of the third level for each term. Below a heading, a comment may name
// the other forms of a term, and one may say that the word has an everyday meaning too:
//
//	### half-close
//	<!-- also: half-closed, half-closes -->
//	<!-- everyday -->
//
// A term's forms are looked for in the chapters, everyday words are not.
type Glossary struct {
	page  *Page
	terms map[string]*term // by anchor
}

type term struct {
	anchor   string
	forms    []string
	everyday bool
	said     *regexp.Regexp // finds any of the forms; nil: not needed yet
}

var (
	also     = regexp.MustCompile(`<!-- also: (.*?) -->`)
	everyday = regexp.MustCompile(`<!-- everyday -->`)
)

// ReadGlossary finds the terms of a page.
func ReadGlossary(p *Page) *Glossary {
	g := &Glossary{page: p, terms: map[string]*term{}}
	var last *term
	p.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Heading:
			last = nil
			if n.Level == 3 {
				word := p.words(n)
				last = &term{anchor: slug(word), forms: []string{word}}
				g.terms[last.anchor] = last
			}
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				segment := n.Lines().At(i)
				line := string(segment.Value(p.source))
				if last == nil {
					continue
				}
				if m := also.FindStringSubmatch(line); m != nil {
					for form := range strings.SplitSeq(m[1], ",") {
						last.forms = append(last.forms, strings.TrimSpace(form))
					}
				}
				last.everyday = last.everyday || everyday.MatchString(line)
			}
		}
	})
	return g
}

// Check returns a sentence for each term that a page links to and the glossary does not have, and, if
// firstUse is set (the page is a chapter), for each term whose first use in the page is not a link to it.
func (g *Glossary) Check(p *Page, firstUse bool) (problems []string) {
	linked := map[string]bool{}  // terms that were linked so far
	claimed := map[string]bool{} // terms that were complained about
	p.walk(func(n ast.Node) {
		if link, ok := n.(*ast.Link); ok {
			file, anchor, _ := strings.Cut(string(link.Destination), "#")
			if path.Base(file) == path.Base(g.page.Name) && anchor != "" {
				linked[anchor] = true
				if g.terms[anchor] == nil {
					problems = append(problems, fmt.Sprintf("%s: the term %q is used and the glossary does not have it", p.at(n), p.words(n)))
				}
			}
		}
		if !firstUse {
			return
		}
		words, isText := n.(*ast.Text)
		if !isText || within(n) {
			return
		}
		said := string(words.Segment.Value(p.source))
		for _, anchor := range slices.Sorted(maps.Keys(g.terms)) {
			t := g.terms[anchor]
			if !t.everyday && !linked[t.anchor] && !claimed[t.anchor] && t.in(said) {
				claimed[t.anchor] = true
				problems = append(problems, fmt.Sprintf("%s: the first use of %q in this chapter is no link to %s#%s",
					p.at(n), t.forms[0], path.Base(g.page.Name), t.anchor))
			}
		}
	})
	return problems
}

// within reports whether a text is in a heading, a link or code: there a term needs no link.
func within(n ast.Node) bool {
	for ; n != nil; n = n.Parent() {
		switch n.(type) {
		case *ast.Heading, *ast.Link, *ast.CodeSpan, *ast.Image:
			return true
		}
	}
	return false
}

// in reports whether one of a term's forms stands in a text as words of their own.
func (t *term) in(text string) bool {
	if t.said == nil {
		var forms []string
		for _, form := range t.forms {
			forms = append(forms, regexp.QuoteMeta(form))
		}
		t.said = regexp.MustCompile(`(?i)(^|[^\pL\pN-])(` + strings.Join(forms, "|") + `)($|[^\pL\pN-])`)
	}
	return t.said.MatchString(text)
}
