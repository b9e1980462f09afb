package chapter

import (
	"errors"
	"strings"
	"testing"
)

const page = `# A chapter

<!-- weave: a/b.go#Serve before=2 -->
old
<!-- /weave -->

It takes <!-- figure: hello coroutines cpu -->1 µs<!-- /figure --> or <!-- figure: hello threads cpu --><!-- /figure -->.

<!-- transcript:
with: bin/server -addr 127.0.0.1:8080
vary: times
vary: ports
-->
<!-- /transcript -->

<!-- a comment stays a comment -->

` + "```text\n<!-- weave: only an example -->\n```\n"

func TestParse(t *testing.T) {
	p, err := Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Blocks) != 4 {
		t.Fatalf("%d blocks, want 4", len(p.Blocks))
	}
	weave, figure, transcript := p.Blocks[0], p.Blocks[1], p.Blocks[3]
	if weave.Kind != "weave" || weave.Args[0] != "a/b.go#Serve" || weave.Option("before", "") != "2" || weave.Body != "old" || weave.Line != 3 {
		t.Errorf("weave block is %+v", weave)
	}
	if !figure.Inline || strings.Join(figure.Args, " ") != "hello coroutines cpu" || figure.Body != "1 µs" {
		t.Errorf("figure is %+v", figure)
	}
	if with := transcript.Option("with", ""); with != "bin/server -addr 127.0.0.1:8080" || len(transcript.Options["vary"]) != 2 || transcript.Option("vary", "") != "ports" {
		t.Errorf("transcript has options %q", transcript.Options)
	}
	if err := transcript.Known("with", "vary"); err != nil {
		t.Error(err)
	}
	if err := transcript.Known("with"); err == nil || !strings.Contains(err.Error(), `"vary" is no option`) {
		t.Errorf("an unknown option: %v", err)
	}
}

func TestFill(t *testing.T) {
	p, _ := Parse(page)
	text, err := p.Fill(func(b *Block) (string, error) { return "<" + b.Kind + ">", nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-->\n<weave>\n<!-- /weave -->", "cpu --><figure><!-- /figure --> or", "<transcript>\n<!-- /tr"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	again, _ := Parse(text)
	if twice, _ := again.Fill(func(b *Block) (string, error) { return "<" + b.Kind + ">", nil }); twice != text {
		t.Errorf("filling twice changes the page:\n%s", twice)
	}
}

func TestFillKeepsWhatFails(t *testing.T) {
	p, _ := Parse(page)
	text, err := p.Fill(func(b *Block) (string, error) {
		if b.Kind == "weave" {
			return "", errors.New("no such file")
		}
		return b.Body, nil
	})
	if err == nil || !strings.Contains(err.Error(), "line 3: weave: no such file") || !strings.Contains(text, "old") {
		t.Errorf("error %v, text\n%s", err, text)
	}
}

// A code block ends at a fence that is as long as its first one: a shorter one inside is shown, and so is a marker
// behind that.
func TestAMarkerInALongFenceIsAnExample(t *testing.T) {
	p, err := Parse("````text\n```\n<!-- weave: only an example -->\n```\n````\n")
	if err != nil || len(p.Blocks) != 0 {
		t.Errorf("%d blocks, %v", len(p.Blocks), err)
	}
}

func TestMisplaced(t *testing.T) {
	for text, want := range map[string]string{
		"<!-- weave: a.go#B -->\n":                             "has no end",
		"text <!-- weave: a.go#B -->\n<!-- /weave -->\n":       "lines of their own",
		"<!-- figure: a b c -->1<!-- /figure --> at the start": "within a line",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func TestBlank(t *testing.T) {
	p, _ := Parse(page)
	blank := p.Blank()
	if strings.Contains(blank, "old") || !strings.Contains(blank, "It takes") || len(blank) != len(page) {
		t.Errorf("blank is\n%s", blank)
	}
	if lines := strings.Count(blank, "\n"); lines != strings.Count(page, "\n") {
		t.Errorf("the page has %d lines and blank %d: what is wrong in it would be said of another line", strings.Count(page, "\n"), lines)
	}
}
