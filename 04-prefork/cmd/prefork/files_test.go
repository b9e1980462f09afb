package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// directory makes a directory with one file of a size, and returns what is in the file.
func directory(t *testing.T, size int) (root string, content []byte) {
	t.Helper()
	root = t.TempDir()
	for i := 0; len(content) < size; i++ {
		content = fmt.Appendf(content, "%d,", i)
	}
	content = content[:size]
	if err := os.WriteFile(filepath.Join(root, "numbers.txt"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return root, content
}

const fetch = "GET /numbers.txt HTTP/1.1\r\nHost: c10k\r\n"

// A large file comes whole, from memory and from the disk; more of it than the sockets hold at once, to
// several clients in turn.
func TestFiles(t *testing.T) {
	root, content := directory(t, 12<<20)
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) {
			address, _, _ := serve(t, "-workers", "1", "-engine", engine, "-app", "files", "-root", root)
			for _, from := range []string{"the disk", "memory"} {
				if from == "the disk" {
					forget(t, filepath.Join(root, "numbers.txt"))
				}
				conn, answers := dial(t, address)
				other, others := dial(t, address)
				io.WriteString(conn, fetch+"\r\n")
				io.WriteString(other, fetch+"Range: bytes=1000000-\r\n\r\n")
				if body, _ := io.ReadAll(answer(t, others).Body); !bytes.Equal(body, content[1000000:]) {
					t.Errorf("from %s: a part of %d bytes", from, len(body))
				}
				if body, _ := io.ReadAll(answer(t, answers).Body); !bytes.Equal(body, content) {
					t.Errorf("from %s: %d bytes of %d", from, len(body), len(content))
				}
				io.WriteString(conn, fetch+"Range: bytes=-3\r\n\r\n") // the connection was kept
				if body, _ := io.ReadAll(answer(t, answers).Body); string(body) != string(content[len(content)-3:]) {
					t.Errorf("from %s: then %q", from, body)
				}
			}
		})
	}
}

// Each request is one line, with its worker's name; what a client sends stays one word.
func TestRequestsAreLogged(t *testing.T) {
	root, _ := directory(t, 5)
	address, _, command := serve(t, "-workers", "1", "-app", "files", "-root", root, "-log-requests")
	conn, answers := dial(t, address)
	for _, target := range []string{"/numbers.txt", "/no%0Amsg=forged"} {
		io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: c10k\r\n\r\n")
		answer(t, answers)
	}
	if err := command.Stop(); err != nil { // then it has said all
		t.Fatal(err)
	}
	said := command.Said()
	for _, want := range []string{
		`msg=request worker=worker-1 method=GET target=/numbers.txt status=200 bytes=5`,
		`msg=request worker=worker-1 method=GET target="/no%0Amsg=forged" status=404`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %s in%s", want, said)
		}
	}
}

func TestARootThatIsNone(t *testing.T) {
	root, _ := directory(t, 5)
	built := build(t)
	for _, name := range []string{filepath.Join(root, "numbers.txt"), filepath.Join(root, "nothing")} {
		said, err := exec.Command(built, "-app", "files", "-root", name).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || bytes.Count(said, []byte("\n")) != 1 || !bytes.Contains(said, []byte("choose a directory")) {
			t.Errorf("-root %s: %v, %q", name, err, said)
		}
	}
}
