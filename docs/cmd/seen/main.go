// Command seen tells which tests see a change: the grader of chapter 1's exercise "break the parser".
//
//	go run ./docs/cmd/seen 01-blocking/http1
//
// It takes what differs from the last commit in the package's own files, its tests not among them, and runs
// the package's tests. The exit status is 0 if at least one of them fails, 1 if nobody has seen the change, and
// 2 if there is none to see: nothing differs, a test was changed too, or it does not compile.
//
// What it does not do: it changes no file, and it runs the tests of this one package only.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "seen: name the package's directory, as in 01-blocking/http1")
		os.Exit(2)
	}
	noticed, err := seen(os.Args[1], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "seen:", err)
		os.Exit(2)
	}
	if !noticed {
		os.Exit(1)
	}
}

// patience is how long the tests may take: a change may make one of them wait for ever.
const patience = "60s"

// seen reports on the change in a directory, and whether a test has noticed it.
func seen(directory string, out io.Writer) (bool, error) {
	if err := changed(directory, out); err != nil {
		return false, err
	}
	if said, err := run(directory, "go", "build", "."); err != nil {
		return false, fmt.Errorf("it does not compile, so the compiler has seen it: change it so that it does\n%s", said)
	}
	said, err := run(directory, "go", "test", "-count=1", "-json", "-timeout", patience, ".")
	if err == nil {
		fmt.Fprintln(out, "no test sees it. Is there a request that is answered otherwise now? Then you have found a gap.")
		return false, nil
	}
	failed := failures(said)
	if len(failed) == 0 {
		fmt.Fprintln(out, "the tests do not come to their end: it panics, or waits for ever")
		return true, nil
	}
	fmt.Fprintf(out, "seen by %d:\n", len(failed))
	for _, name := range failed {
		fmt.Fprintln(out, "  "+name)
	}
	return true, nil
}

// changed shows the lines that differ from the last commit.
func changed(directory string, out io.Writer) error {
	files, err := run(directory, "git", "diff", "HEAD", "--name-only", "--relative", "--", ".")
	if err != nil {
		return fmt.Errorf("git: %w\n%s", err, files)
	}
	if files == "" {
		return fmt.Errorf("nothing in %s differs from the last commit: change a line first", directory)
	}
	for _, file := range strings.Fields(files) {
		if strings.HasSuffix(file, "_test.go") {
			return fmt.Errorf("%s is changed too: take that back (git restore), as the question is what the tests that are there see", file)
		}
	}
	lines, err := run(directory, "git", "diff", "HEAD", "--no-color", "--no-ext-diff", "-U0", "--relative", "--", ".")
	if err != nil {
		return fmt.Errorf("git: %w\n%s", err, lines)
	}
	for _, line := range strings.Split(lines, "\n") {
		file := strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "---")
		if !file && (strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-")) {
			fmt.Fprintln(out, line)
		}
	}
	return nil
}

// failures are the tests without subtests of their own that failed, in the order in which they did.
func failures(events string) []string {
	var failed []string
	for lines := json.NewDecoder(strings.NewReader(events)); ; {
		var event struct{ Action, Test string }
		if lines.Decode(&event) != nil {
			return leaves(failed)
		}
		if event.Action == "fail" && event.Test != "" {
			failed = append(failed, event.Test)
		}
	}
}

// leaves leaves out a test of which a subtest is in the list.
func leaves(names []string) []string {
	var alone []string
	for _, name := range names {
		parent := false
		for _, other := range names {
			parent = parent || strings.HasPrefix(other, name+"/")
		}
		if !parent {
			alone = append(alone, name)
		}
	}
	return alone
}

func run(directory, program string, args ...string) (string, error) {
	command := exec.Command(program, args...)
	command.Dir = directory
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	return said.String(), err
}
