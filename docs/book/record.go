package book

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"example.com/c10k/docs/chapter"
	"example.com/c10k/docs/transcript"
)

// A Transcript is one recorded block of a page.
type Transcript struct {
	Name  string // page and line
	Long  bool   // run by make soak only
	Needs []string

	page    string
	servers []string
	steps   []transcript.Step
	rules   *transcript.Rules
}

// packages are the Debian packages of the tools that transcripts may need.
var packages = map[string]string{"ab": "apache2-utils", "curl": "curl", "wrk": "wrk", "nginx": "nginx-light", "nc": "netcat-openbsd", "strace": "strace", "jq": "jq"}

// Transcripts returns the recorded blocks of all pages. A block's options:
//
//	with:  a server that runs meanwhile; the reader was told above to start it
//	vary:  what may differ from run to run (package transcript)
//	order: any, if the lines of an output may come in any order
//	needs: tools, by the names of their programs; linux, for what only Linux prints
//	long:  yes, if it is run by make soak only
func (b *Book) Transcripts() (found []*Transcript, err error) {
	var problems []error
	for _, name := range b.names() {
		page, err := chapter.Parse(b.pages[name])
		if err != nil {
			problems = append(problems, in(name, err))
		}
		for _, block := range page.Blocks {
			if block.Kind != "transcript" {
				continue
			}
			t, err := read(name, block)
			if err == nil {
				err = told(b.pages[name], block)
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s:%d: %w", name, block.Line, err))
				continue
			}
			found = append(found, t)
		}
	}
	return found, errors.Join(problems...)
}

func read(page string, block *chapter.Block) (*Transcript, error) {
	if err := block.Known("with", "vary", "order", "needs", "long"); err != nil {
		return nil, err
	}
	rules, err := transcript.NewRules(block.Options["vary"], block.Option("order", "") == "any")
	if err != nil {
		return nil, err
	}
	body := strings.TrimPrefix(strings.TrimSpace(block.Body), "```console\n")
	steps, err := transcript.Parse(strings.TrimSuffix(strings.TrimSuffix(body, "```"), "\n"))
	if err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return nil, errors.New("this transcript has no command: write the lines \"$ command\", then make record")
	}
	t := &Transcript{Name: fmt.Sprintf("%s:%d", page, block.Line), Long: block.Option("long", "") == "yes",
		page: page, servers: block.Options["with"], steps: steps, rules: rules}
	for _, line := range block.Options["needs"] {
		t.Needs = append(t.Needs, strings.Fields(line)...)
	}
	return t, nil
}

var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// told tells whether what the reader sees of a page, which no comment is, says above a block how its servers are
// started: in a sentence of the block's own section, or the reader looks for it far up the page.
func told(page string, block *chapter.Block) error {
	above := strings.Join(strings.SplitAfter(page, "\n")[:block.Line-1], "")
	above = above[max(0, strings.LastIndex(above, "\n#")):]
	for _, server := range block.Options["with"] {
		if !strings.Contains(comment.ReplaceAllString(above, ""), server) {
			return fmt.Errorf("no reader is told to start %q: write it in a sentence above, in the same section", server)
		}
	}
	return nil
}

// Missing returns a sentence if this machine lacks what the transcript needs.
func (t *Transcript) Missing() string {
	for _, tool := range append([]string{"bash"}, t.Needs...) {
		if tool == "linux" {
			if runtime.GOOS != "linux" {
				return "this transcript is of Linux, and this is " + runtime.GOOS
			}
		} else if _, err := exec.LookPath(tool); err != nil {
			name := packages[tool]
			if name == "" {
				name = tool
			}
			return fmt.Sprintf("%s is not installed: install the package %s", tool, name)
		}
	}
	return ""
}

var program = regexp.MustCompile(`\bbin/([a-z0-9]+)\b`)

// Build builds the programs below bin/ that transcripts run, each once, so that an old one is not what answers.
func Build(ctx context.Context, root string, transcripts ...*Transcript) error {
	built := map[string]bool{}
	for _, t := range transcripts {
		if err := t.build(ctx, root, built); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transcript) build(ctx context.Context, root string, built map[string]bool) error {
	text := strings.Join(t.servers, "\n") + "\n" + transcript.Format(t.steps)
	for _, m := range program.FindAllStringSubmatch(text, -1) {
		if built[m[1]] {
			continue
		}
		built[m[1]] = true
		directories, err := filepath.Glob(filepath.Join(root, "0*", "cmd", m[1]))
		if err != nil || len(directories) != 1 {
			return fmt.Errorf("%s runs bin/%s, and no stage has a cmd/%s", t.Name, m[1], m[1])
		}
		build := exec.CommandContext(ctx, "go", "build", "-o", "../../../bin/", ".")
		build.Dir = directories[0]
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("bin/%s does not build: %w: %s", m[1], err, output)
		}
	}
	return nil
}

// Replay runs the commands again and returns how their output differs from the page, apart from what may
// vary; empty if it does not.
func (t *Transcript) Replay(ctx context.Context, root string) (string, error) {
	printed, err := transcript.Run(ctx, root, t.servers, t.steps)
	if err != nil {
		return "", err
	}
	return t.rules.Diff(t.steps, printed), nil
}

// Record runs the transcripts of a page again and returns its text with what they print now. Where nothing
// changed but what may vary, the old text stays, so that a recording makes no noise in git.
func (b *Book) Record(ctx context.Context, page string) (string, error) {
	parsed, err := chapter.Parse(b.pages[page])
	if err != nil {
		return "", fmt.Errorf("%s: %w", page, err)
	}
	return parsed.Fill(func(block *chapter.Block) (string, error) {
		if block.Kind != "transcript" {
			return block.Body, nil
		}
		t, err := read(page, block)
		if err != nil {
			return "", err
		}
		if missing := t.Missing(); missing != "" {
			return "", errors.New(missing)
		}
		if err := Build(ctx, b.root, t); err != nil {
			return "", err
		}
		printed, err := transcript.Run(ctx, b.root, t.servers, t.steps)
		if err != nil {
			return "", err
		}
		if t.rules.Diff(t.steps, printed) != "" || !strings.HasPrefix(block.Body, "```console\n") {
			t.steps = printed
		}
		return "```console\n" + transcript.Format(t.steps) + "\n```", nil
	})
}

// Pages returns the names of the pages that have a transcript.
func (b *Book) Pages() (names []string) {
	for _, name := range b.names() {
		if strings.Contains(b.pages[name], "<!-- transcript") {
			names = append(names, name)
		}
	}
	return names
}
