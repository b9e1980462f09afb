package sock

import (
	"os"
	"os/exec"
	"testing"
)

// Some tests need a process of their own, which they may stop or starve: this program again, told by the
// environment what to be.
const childVariable = "C10K_SOCK_CHILD"

var children = map[string]func(){
	"raw call on a blocking descriptor":      func() { readBeside(blocking, rawRead) },
	"raw call on a non-blocking descriptor":  func() { readBeside(nonBlocking, rawRead) },
	"ordinary call on a blocking descriptor": func() { readBeside(blocking, ordinaryRead) },
	"no descriptor free":                     runOutOfDescriptors,
}

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv(childVariable)]; ok {
		child()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// startChild starts this program as one of children, with extra as its descriptor 3, and returns what it
// says, line by line.
func startChild(t *testing.T, name string, extra *os.File) *os.File {
	t.Helper()
	said, saying := mustPipe(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+name)
	child.Stdout, child.Stderr = saying, os.Stderr
	if extra != nil {
		child.ExtraFiles = []*os.File{extra}
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	saying.Close()
	t.Cleanup(func() {
		child.Process.Kill()
		child.Wait()
		said.Close()
	})
	return said
}

func mustPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}
