package prose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// free are the languages of blocks that people type: a diagram's source, commands to copy that show no
// output, what goes over the wire, and plain text.
var free = []string{"mermaid", "sh", "http", "text"}

var (
	looksLikeGo         = regexp.MustCompile(`(?m)^\s*(package \w+|func [\w(]|type \w+ (struct|interface|func)\b|import ["(]|[\w., ]+ := )`)
	looksLikeTranscript = regexp.MustCompile(`(?m)^\$ `)
)

// Typed returns a sentence for each code block in a page's blanked text (chapter.Page.Blank: what tools
// generate is not in it) that a tool should have made: Go code, which is woven in, and commands with their
// output, which are recorded.
func Typed(p *Page) (problems []string) {
	p.walk(func(n ast.Node) {
		var language string
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			language = string(n.Language(p.source))
		case *ast.CodeBlock:
		default:
			return
		}
		var code strings.Builder
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			code.Write(line.Value(p.source))
		}
		_, fenced := n.(*ast.FencedCodeBlock)
		switch body := code.String(); {
		case language == "go" || looksLikeGo.MatchString(body) && language != "mermaid":
			problems = append(problems, p.at(n)+": typed Go code drifts from the program: name its place in a weave block")
		case language == "console" || looksLikeTranscript.MatchString(body):
			problems = append(problems, p.at(n)+": a typed transcript drifts from the program: put it into a transcript block and record it")
		case fenced && !slices.Contains(free, language):
			problems = append(problems, fmt.Sprintf("%s: a typed code block says what it is, one of %s; and this says %q",
				p.at(n), strings.Join(free, ", "), language))
		}
	})
	return problems
}
