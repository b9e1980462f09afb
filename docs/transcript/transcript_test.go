package transcript

import (
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const text = `$ echo one; echo two
one
two
$ printf 'no line end'
no line end
$ true
$ cat \
>   numbers.txt
1 2 3`

func TestParseAndFormat(t *testing.T) {
	steps, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []Step{{"echo one; echo two", "one\ntwo"}, {"printf 'no line end'", "no line end"}, {"true", ""}, {"cat \\\n  numbers.txt", "1 2 3"}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := Format(steps); again != text {
		t.Errorf("Format gives\n%s", again)
	}
	if _, err := Parse("one\n$ echo one\n"); err == nil {
		t.Error("output before the first command is no error")
	}
}

// A command goes on only where its line says so: a line "> " in what it printed is its output.
func TestOutputThatLooksLikeACommand(t *testing.T) {
	steps, err := Parse("$ quote \\\n> file\nhe said\n> so it is\n$ echo \\\n\n> so it is\n")
	want := []Step{{"quote \\\nfile", "he said\n> so it is"}, {"echo \\", "\n> so it is"}}
	if diff := cmp.Diff(want, steps); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// An editor takes spaces off a line's end, and a terminal does not show them.
func TestSpaceAtALinesEndIsNoDifference(t *testing.T) {
	r, err := NewRules(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := r.Diff([]Step{{"ls", "a\nb"}}, []Step{{"ls", "a \t\nb\r"}}); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
	if diff := r.Diff([]Step{{"ls", "a"}}, []Step{{"ls", " a"}}); diff == "" {
		t.Error("space at a line's beginning is no difference either")
	}
}

func needBash(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("transcripts are run on Unix: use WSL or a container")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed: install the package bash")
	}
}

func run(t *testing.T, directory string, servers []string, text string) string {
	t.Helper()
	needBash(t)
	steps, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := Run(t.Context(), directory, servers, steps)
	if err != nil {
		t.Fatal(err)
	}
	return Format(printed)
}

func TestRun(t *testing.T) {
	if got := run(t, "testdata", nil, text); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}

// TestRunForgetsWhatGoFetches: a machine that runs a command for the first time prints what later ones do not.
func TestRunForgetsWhatGoFetches(t *testing.T) {
	got := run(t, t.TempDir(), nil, "$ echo 'go: downloading example.com/x v1.0.0' >&2; echo ok\n")
	if want := "$ echo 'go: downloading example.com/x v1.0.0' >&2; echo ok\nok"; got != want {
		t.Errorf("the transcript is %q, not %q", got, want)
	}
}

// TestRunIsOneShell: what a command sets, the next one sees; so is the status of one that failed.
func TestRunIsOneShell(t *testing.T) {
	want := "$ cd /; name=Ada\n$ pwd; echo $name\n/\nAda\n$ false\n$ echo $?\n1\n$ nosuchcommand 2>/dev/null || echo missing >&2\nmissing"
	if got := run(t, "testdata", nil, want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestServers starts one server that is shown and one that is not. Both have an address that somebody else
// is using, as a reader's own server might: they can only start because they are given another.
func TestServers(t *testing.T) {
	needBash(t)
	server := t.TempDir() + "/answer"
	if output, err := exec.Command("go", "build", "-o", server, "./testdata/answer").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	shown, hidden := taken(t), taken(t)
	start := server + " " + shown
	expected := "$ " + start + " &\nlistening on http://" + shown +
		"\n$ " + server + " -ask " + shown + "\n" + shown + " answers" +
		"\n$ " + server + " -ask " + hidden + "\n" + hidden + " answers" +
		"\n$ kill %2; wait %2; echo $?\n143"
	got := run(t, "testdata", []string{server + " " + hidden},
		"$ "+start+" &\n$ "+server+" -ask "+shown+"\n$ "+server+" -ask "+hidden+"\n$ kill %2; wait %2; echo $?")
	if got != expected {
		t.Errorf("got\n%s\nwant\n%s", got, expected)
	}
}

// taken is an address that is in use until the test ends.
func taken(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

func TestRunComplains(t *testing.T) {
	needBash(t)
	if _, err := Run(t.Context(), "testdata", nil, []Step{{Command: "exit 3"}}); err == nil || !strings.Contains(err.Error(), "the shell ended") {
		t.Errorf("a command that ends the shell: %v", err)
	}
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name     string
		vary     []string
		anyOrder bool
		said, is string
		same     bool
	}{
		{"equal", nil, false, "$ a\n1", "$ a\n1", true},
		{"another output", nil, false, "$ a\n1", "$ a\n2", false},
		{"another command", nil, false, "$ a\n1", "$ b\n1", false},
		{"times vary", []string{"times"}, false, "$ a\ntook 1.25 ms and 3s", "$ a\ntook 870 µs and 12 s", true},
		{"numbers beside times do not", []string{"times"}, false, "$ a\n4 clients, 3 s", "$ a\n5 clients, 3 s", false},
		{"pids and ports", []string{"pids, ports"}, false, "$ a\npid 12 on :8080", "$ a\npid 9999 on :41234", true},
		{"hashes", []string{"hashes"}, false, "$ a\n0123abcdef", "$ a\nfedcba98765", true},
		{"dates", []string{"dates"}, false, "$ a\nDate: Sun, 06 Nov 1994 08:49:37 GMT", "$ a\nDate: Fri, 21 Nov 2025 09:00:01 GMT", true},
		{"an expression", []string{`/count=\d+/`}, false, "$ a\ncount=1", "$ a\ncount=22", true},
		{"order", nil, false, "$ a\nx\ny", "$ a\ny\nx", false},
		{"any order", nil, true, "$ a\nx\ny", "$ a\ny\nx", true},
		{"any order, but each once", nil, true, "$ a\nx\ny", "$ a\nx\nx", false},
	} {
		rules, err := NewRules(c.vary, c.anyOrder)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := Parse(c.said)
		is, _ := Parse(c.is)
		if diff := rules.Diff(said, is); (diff == "") != c.same {
			t.Errorf("%s: same = %v, want %v: %s", c.name, diff == "", c.same, diff)
		}
	}
	if _, err := NewRules([]string{"weather"}, false); err == nil {
		t.Error("a name that nobody knows is no error")
	}
}
