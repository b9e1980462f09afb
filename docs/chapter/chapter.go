// Package chapter reads a Markdown page as text with blocks in it that a tool fills.
//
// A block is a pair of HTML comments, each on a line of its own; what stands between them is generated:
//
//	<!-- weave: 01-blocking/serve/serve.go#Serve before=2 -->
//	(generated)
//	<!-- /weave -->
//
// The first word is the block's kind, the rest its arguments. A marker may span lines; then each line after
// the first is an option, "key: value". A number within a sentence is the one kind that stands in a line:
// <!-- figure: hello coroutines cpu -->6.3 µs<!-- /figure -->.
//
// [Parse] finds the blocks, and [Page.Fill] writes what a function makes of each. Comments that are no
// block's marker stay comments; markers inside a code block are text. What this package does not do: it
// generates nothing, and it reads no file.
package chapter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kinds are the blocks there are. A comment that begins with one of these words and a colon is a marker.
var Kinds = []string{"weave", "diff", "transcript", "table", "chart", "timeline", "figure", "schedule"}

// inline is the kind that stands within a line.
const inline = "figure"

// A Block is one pair of markers and what stands between them.
type Block struct {
	Kind    string
	Args    []string            // the words after the colon
	Options map[string][]string // key=value words, and the lines of a marker that spans several
	Body    string              // between the markers, without the line ends next to them
	Line    int                 // of the first marker, from 1
	Inline  bool

	bodyStart, bodyEnd int // in the page's text
}

// A Page is a chapter's text, and where its blocks are.
type Page struct {
	Text   string
	Blocks []*Block
}

var (
	open   = regexp.MustCompile(`(?s)<!-- ?([a-z]+)(:.*?)?\s*-->`)
	option = regexp.MustCompile(`^([a-z-]+)=(.*)$`)
)

// Parse finds a page's blocks. The errors say the line; the blocks that were whole are returned beside them.
func Parse(text string) (*Page, error) {
	page := &Page{Text: text}
	var problems []error
	code := fences(text)
	for at := 0; at < len(text); {
		m := open.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		start, end := at+m[0], at+m[1]
		kind, arguments := text[at+m[2]:at+m[3]], ""
		if m[4] >= 0 {
			arguments = text[at+m[4]+1 : at+m[5]]
		}
		at = end
		if !slices.Contains(Kinds, kind) || inside(code, start) {
			continue
		}
		line := 1 + strings.Count(text[:start], "\n")
		closing := "<!-- /" + kind + " -->"
		length := strings.Index(text[end:], closing)
		if length < 0 {
			problems = append(problems, fmt.Errorf("line %d: this %s block has no end: write %s after it", line, kind, closing))
			continue
		}
		b := &Block{Kind: kind, Line: line, Inline: kind == inline, bodyStart: end, bodyEnd: end + length}
		b.read(arguments)
		b.Body = strings.Trim(text[b.bodyStart:b.bodyEnd], "\n")
		if err := placed(text, start, b.bodyEnd+len(closing), b); err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", line, err))
		}
		page.Blocks = append(page.Blocks, b)
		at = b.bodyEnd + len(closing)
	}
	return page, errors.Join(problems...)
}

// read sorts the words of a marker into arguments and options.
func (b *Block) read(text string) {
	b.Options = map[string][]string{}
	first, rest, _ := strings.Cut(text, "\n")
	for word := range strings.FieldsSeq(first) {
		if m := option.FindStringSubmatch(word); m != nil {
			b.Options[m[1]] = append(b.Options[m[1]], m[2])
		} else {
			b.Args = append(b.Args, word)
		}
	}
	for line := range strings.Lines(rest) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key != "" {
			b.Options[key] = append(b.Options[key], strings.TrimSpace(value))
		}
	}
}

// Option returns the value of an option, the last if there are several, or fallback.
func (b *Block) Option(key, fallback string) string {
	if values := b.Options[key]; len(values) > 0 {
		return values[len(values)-1]
	}
	return fallback
}

// Known complains about options that are not among the keys.
func (b *Block) Known(keys ...string) error {
	for key := range b.Options {
		if !slices.Contains(keys, key) {
			return fmt.Errorf("%q is no option of a %s block: it has %s", key, b.Kind, strings.Join(keys, ", "))
		}
	}
	return nil
}

// placed checks that a block stands on lines of its own, and a figure within a line. A comment at the
// beginning of a line ends the paragraph (CommonMark 0.31 section 4.6, HTML blocks of kind 2), and the rest
// of that line would be shown as it is typed.
func placed(text string, start, end int, b *Block) error {
	first := start == 0 || text[start-1] == '\n'
	last := end == len(text) || text[end] == '\n'
	switch {
	case b.Inline && (first || strings.Contains(b.Body, "\n")):
		return errors.New("a figure stands within a line, not at its beginning: Markdown would end the paragraph there")
	case !b.Inline && !(first && last):
		return fmt.Errorf("the markers of a %s block stand on lines of their own", b.Kind)
	}
	return nil
}

// Fill returns the page's text with every block's body replaced by what fill makes of the block. A block
// that fill has an error for stays as it is; the errors are joined, each with its line.
func (p *Page) Fill(fill func(*Block) (string, error)) (string, error) {
	var out strings.Builder
	var problems []error
	at := 0
	for _, b := range p.Blocks {
		body, err := fill(b)
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %s: %w", b.Line, b.Kind, err))
			continue
		}
		out.WriteString(p.Text[at:b.bodyStart])
		if !b.Inline {
			body = "\n" + strings.Trim(body, "\n") + "\n"
		}
		out.WriteString(body)
		at = b.bodyEnd
	}
	out.WriteString(p.Text[at:])
	return out.String(), errors.Join(problems...)
}

// Blank returns the text with the bodies of its blocks replaced by spaces, so that what is left, at the
// same lines, is what a person typed.
func (p *Page) Blank() string {
	text := []byte(p.Text)
	for _, b := range p.Blocks {
		for i := b.bodyStart; i < b.bodyEnd; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	return string(text)
}

// A span is a range of bytes.
type span struct{ start, end int }

// fences finds the fenced code blocks. A marker inside one is an example of a marker.
func fences(text string) (found []span) {
	at, from, mark := 0, -1, ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimLeft(line, " ")
		fence := trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`~"))]
		switch {
		case from < 0 && len(fence) >= 3:
			from, mark = at, fence
		case from >= 0 && strings.HasPrefix(fence, mark) && strings.TrimSpace(trimmed) == fence:
			found, from = append(found, span{from, at}), -1
		}
		at += len(line)
	}
	return found
}

func inside(spans []span, at int) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.start <= at && at < s.end })
}
