package browser

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
)

// A server is a comet command.
type server struct {
	*testing.T
	page string // the address that it printed
	pid  int
	log  chan string // its lines; closed at the end
}

func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	program := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	cmd := exec.Command(program, append(args, "-addr", "127.0.0.1:0")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{T: t, pid: cmd.Process.Pid, log: make(chan string, 10_000)}
	go func() {
		defer close(s.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.log <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		for range s.log {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	_, s.page, _ = strings.Cut(s.read("a page for browsers: "), "browsers: ")
	return s
}

// read takes lines off the log up to one that contains the words.
func (s *server) read(words string) string {
	s.Helper()
	for line := range s.log {
		if strings.Contains(line, words) {
			return line
		}
	}
	s.Fatalf("the server's log ended before a line with %q", words)
	return ""
}

// reload returns when the new generation serves, and the old one has begun to end.
func (s *server) reload() {
	s.Helper()
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		s.Fatal(err)
	}
	s.read("generation is ready")
}

// ask sends a request that no browser sends.
func (s *server) ask(method, target, body string, header ...string) (int, string) {
	s.Helper()
	r, err := http.NewRequest(method, strings.TrimSuffix(s.page, "/ui/")+target, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		s.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// await waits until /stats contains some text.
func (s *server) await(what, text string) {
	s.Helper()
	said := ""
	for end := time.Now().Add(patience); !strings.Contains(said, text); {
		if time.Now().After(end) {
			s.Fatalf("it never came about that %s: %s", what, said)
		}
		_, said = s.ask("GET", "/stats", "")
	}
}
