package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/ab"
	"example.com/c10k/01-blocking/conform"
)

func TestMain(m *testing.M) {
	beBare() // the bare server is this program too
	os.Exit(m.Run())
}

// The bare server knows a head by its end only, in whatever pieces it comes.
func TestBare(t *testing.T) {
	server, err := conform.Start(bareCommand("select"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for name, pieces := range map[string][]string{
		"a whole head":     {"GET / HTTP/1.0\r\nHost: x\r\n\r\n"},
		"byte by byte":     strings.Split("GET / HTTP/1.0\r\n\r\n", ""),
		"no head at all":   {"what is this?\r\n\r\n"},
		"more than a head": {"GET / HTTP/1.0\r\n", "\r\nand a body"},
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20 * time.Second))
		for _, piece := range pieces {
			io.WriteString(c, piece)
		}
		answer, err := io.ReadAll(c)
		if !strings.HasSuffix(string(answer), "\r\n\r\nHello, World!") {
			t.Errorf("%s: %q, %v", name, answer, err)
		}
		c.Close()
	}
}

func TestCommand(t *testing.T) {
	if err := ab.Installed(); err != nil {
		t.Skip(err)
	}
	coroutines := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/abhello")
	file := filepath.Join(t.TempDir(), "hello.json")
	said, err := exec.Command(program, "-program", coroutines, "-n", "200", "-rounds", "2", "-json", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	subjects, missing := subjects(coroutines)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range subjects {
		if !strings.Contains(string(said), s.title+"  ") || !strings.Contains(string(text), `"`+s.name+`"`) {
			t.Errorf("nothing of %s in\n%s\nor in the file\n%s", s.title, said, text)
		}
	}
	if strings.Count(string(text), `"times-node"`) != 1 && missing != "" || !strings.Contains(string(text), `"document-001"`) {
		t.Errorf("the file has not the document's factor, or others without Node:\n%s", text)
	}
	if !strings.Contains(string(said), "1.925") || missing != "" && !strings.Contains(string(said), missing) {
		t.Errorf("the table lacks the document's factor, or what is missing (%s):\n%s", missing, said)
	}
	for _, mistake := range []struct {
		args   []string
		says   string
		status int
	}{
		{[]string{"-rounds", "0"}, "-rounds 0", 2},
		{[]string{"10"}, "unexpected", 2},
		{[]string{"-program", "nowhere", "-n", "50"}, "make build", 1},
	} {
		said, err := exec.Command(program, mistake.args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != mistake.status || !strings.Contains(string(said), mistake.says) {
			t.Errorf("%v: %v, %q", mistake.args, err, said)
		}
	}
	// Without Node the others are measured, and the table says what is missing.
	tools := t.TempDir()
	path, err := exec.LookPath("ab")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(tools, "ab")); err != nil {
		t.Fatal(err)
	}
	alone := exec.Command(program, "-program", coroutines, "-n", "100", "-rounds", "1")
	alone.Env = append(os.Environ(), "PATH="+tools)
	if said, err = alone.CombinedOutput(); err != nil || !strings.Contains(string(said), "nodejs") {
		t.Errorf("without node: %v\n%s", err, said)
	}
}
