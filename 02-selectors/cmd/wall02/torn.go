package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/c10k/01-blocking/command"
)

// The comet application twice.
const (
	straightFile = "01-blocking/app/comet.go"
	tornFile     = "02-selectors/callbacks/callbacks.go"
)

// shape is what can be counted of a comet application. What it shares with other applications, functions that
// are neither its methods nor its maker, is left out: in one of the two it is in the file, in the other not.
type shape struct {
	lines     int      // with code on them; neither empty nor comment
	functions int      // methods, and functions without a name
	pieces    []string // what one /wait runs in: its own lines, and those which others run for it
	stack     []string // variables that live across the waiting, in the frame of the function that waits
	heap      []string // those that live across it in a struct, or caught by a function without a name
}

func showTorn(out io.Writer, root string) error {
	straight, err := readShape(filepath.Join(root, straightFile))
	if err != nil {
		return err
	}
	torn, err := readShape(filepath.Join(root, tornFile))
	if err != nil {
		return err
	}
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return fmt.Sprintf("%d: %s", len(names), strings.Join(names, ", "))
	}
	command.Table(out, "The comet application, and what it is torn into",
		fmt.Sprintf("\t%s\t%s", straightFile, tornFile),
		fmt.Sprintf("lines of code\t%d\t%d", straight.lines, torn.lines),
		fmt.Sprintf("functions\t%d\t%d", straight.functions, torn.functions),
		fmt.Sprintf("a /wait runs in\t%s\t%s", list(straight.pieces), list(torn.pieces)),
		fmt.Sprintf("kept while it waits, on the stack\t%s\t%s", list(straight.stack), list(torn.stack)),
		fmt.Sprintf("moved to the heap\t%s\t%s", list(straight.heap), list(torn.heap)))
	return nil
}

func readShape(name string) (shape, error) {
	var s shape
	text, err := os.ReadFile(name)
	if err != nil {
		return s, fmt.Errorf("%w: run this at the repository's top, or say where that is with -root", err)
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, text, 0)
	if err != nil {
		return s, err
	}
	code := codeLines(text)
	var wait *ast.FuncDecl
	var others []*ast.FuncDecl
	for _, declaration := range parsed.Decls {
		function, isFunction := declaration.(*ast.FuncDecl)
		if imports, ok := declaration.(*ast.GenDecl); ok && imports.Tok == token.IMPORT ||
			isFunction && function.Recv == nil && !strings.HasPrefix(function.Name.Name, "New") {
			continue
		}
		for line := files.Position(declaration.Pos()).Line; line <= files.Position(declaration.End()).Line; line++ {
			if code[line] {
				s.lines++
			}
		}
		if !isFunction {
			s.heap = append(s.heap, keptForEach(declaration.(*ast.GenDecl))...)
			continue
		}
		if function.Recv != nil {
			s.functions++
		}
		s.functions += len(literals(function))
		if function.Name.Name == "wait" {
			wait = function
		} else {
			others = append(others, function)
		}
	}
	if wait == nil {
		return s, fmt.Errorf("%s: it has no method wait, so this is not the comet application any more", name)
	}
	s.tear(wait, others)
	return s, nil
}

// tear finds where one /wait runs and where its variables are. A function that waits (it receives from a
// channel) keeps in its frame what it has declared before and uses afterwards. One that does not wait hands
// away functions, and what they catch is on the heap; and its answer is given by another method.
func (s *shape) tear(wait *ast.FuncDecl, others []*ast.FuncDecl) {
	s.pieces = []string{"wait"}
	declared := declarations(wait)
	var waiting ast.Stmt
	ast.Inspect(wait, func(n ast.Node) bool {
		if statement, ok := n.(*ast.AssignStmt); ok && len(statement.Rhs) == 1 {
			if call, ok := statement.Rhs[0].(*ast.CallExpr); ok && method(call) == "Recv" {
				waiting = statement
			}
		}
		return true
	})
	if waiting != nil {
		s.stack = used(wait.Body, declared, waiting.Pos(), waiting.End())
		return
	}
	for _, handed := range literals(wait) {
		s.pieces = append(s.pieces, "a function without a name")
		s.heap = append(s.heap, used(handed.Body, declared, handed.Pos(), handed.Pos())...)
	}
	for _, other := range others {
		answers := false
		ast.Inspect(other, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && method(call) == "Respond" {
				_, ofWaiter := call.Fun.(*ast.SelectorExpr).X.(*ast.SelectorExpr) // w.exchange.Respond, not x.Respond
				answers = answers || ofWaiter
			}
			return true
		})
		if answers {
			s.pieces = append(s.pieces, other.Name.Name)
		}
	}
}

// keptForEach are the fields of structs of which there is one for each waiting client: all but the
// application's own.
func keptForEach(d *ast.GenDecl) []string {
	var fields []string
	for _, spec := range d.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok || named.Name.Name == "Comet" {
			continue
		}
		structure, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range structure.Fields.List {
			for _, name := range field.Names {
				fields = append(fields, named.Name.Name+"."+name.Name)
			}
		}
	}
	return fields
}

// declarations are the variables of a function, with where each is declared.
func declarations(f *ast.FuncDecl) map[string]token.Pos {
	found := map[string]token.Pos{}
	for _, list := range []*ast.FieldList{f.Recv, f.Type.Params} {
		for _, field := range list.List {
			for _, name := range field.Names {
				found[name.Name] = name.Pos()
			}
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if assignment, ok := n.(*ast.AssignStmt); ok && assignment.Tok == token.DEFINE {
			for _, left := range assignment.Lhs {
				if name, ok := left.(*ast.Ident); ok {
					found[name.Name] = name.Pos()
				}
			}
		}
		return true
	})
	return found
}

// used are the variables that were declared before a place and are used after another, in alphabetical order.
func used(in ast.Node, declared map[string]token.Pos, before, after token.Pos) []string {
	var names []string
	ast.Inspect(in, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok { // x of x.y is a variable, y is none
			names = append(names, used(selector.X, declared, before, after)...)
			return false
		}
		if name, ok := n.(*ast.Ident); ok && name.Pos() > after {
			if at, variable := declared[name.Name]; variable && at < before {
				names = append(names, name.Name)
			}
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}

func literals(f *ast.FuncDecl) []*ast.FuncLit {
	var found []*ast.FuncLit
	ast.Inspect(f, func(n ast.Node) bool {
		if literal, ok := n.(*ast.FuncLit); ok {
			found = append(found, literal)
		}
		return true
	})
	return found
}

// method is the name of the method, or of the other package's function, that a call calls.
func method(call *ast.CallExpr) string {
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		return selector.Sel.Name
	}
	return ""
}

// codeLines are the numbers of the lines that have more on them than a comment.
func codeLines(text []byte) map[int]bool {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0)
	lines := map[int]bool{}
	for {
		at, what, literal := s.Scan()
		if what == token.EOF {
			return lines
		}
		if what == token.SEMICOLON && literal == "\n" { // put in by the scanner
			continue
		}
		first := file.Line(at)
		for line := range strings.Count(literal, "\n") + 1 {
			lines[first+line] = true
		}
	}
}
