package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// committed is a checkout with one package of two functions, of which the tests know one.
func committed(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/known\n\ngo 1.26\n",
		"known.go":      "package known\n\nfunc double(n int) int { return 2 * n }\n\nfunc half(n int) int { return n / 2 }\n",
		"known_test.go": "package known\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tt.Run(\"three\", func(t *testing.T) {\n\t\tif double(3) != 6 {\n\t\t\tt.Fail()\n\t\t}\n\t})\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."},
		{"-c", "user.name=a reader", "-c", "user.email=reader@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "known"},
	} {
		if said, err := run(directory, "git", args...); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, said)
		}
	}
	return directory
}

func TestSeen(t *testing.T) {
	t.Setenv("GOWORK", "off")
	for _, test := range []struct {
		name, file, from, to string
		noticed              bool
		says, refuses        string
	}{
		{name: "a test fails", file: "known.go", from: "2 * n", to: "3 * n", noticed: true, says: "seen by 1:\n  TestDouble/three\n"},
		{name: "no test fails", file: "known.go", from: "n / 2", to: "n / 3", says: "no test sees it"},
		{name: "the tests end early", file: "known.go", from: "2 * n", to: "n / (n - n)", noticed: true},
		{name: "it does not compile", file: "known.go", from: "2 * n", to: "2 ** n", refuses: "does not compile"},
		{name: "a test is changed", file: "known_test.go", from: "t.Fail()", to: "t.Skip()", refuses: "known_test.go is changed too"},
		{name: "nothing is changed", refuses: "change a line first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := committed(t)
			if test.file != "" {
				file := filepath.Join(directory, test.file)
				text, err := os.ReadFile(file)
				if err != nil || !strings.Contains(string(text), test.from) {
					t.Fatalf("%q is not in %s: %v", test.from, test.file, err)
				}
				if err := os.WriteFile(file, []byte(strings.Replace(string(text), test.from, test.to, 1)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			noticed, err := seen(directory, &out)
			if test.refuses != "" {
				if err == nil || !strings.Contains(err.Error(), test.refuses) {
					t.Fatalf("got %v, want an error with %q", err, test.refuses)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if noticed != test.noticed || !strings.Contains(out.String(), test.says) {
				t.Errorf("noticed: %v, want %v; it says %q, want %q", noticed, test.noticed, out.String(), test.says)
			}
		})
	}
}
