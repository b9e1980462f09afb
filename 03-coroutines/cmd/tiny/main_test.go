package main

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// A client that says nothing stands between two that talk, in turns: nobody stops anybody.
func TestOneThreadEchoesToAll(t *testing.T) {
	server := exec.Command(conform.Build(t, "example.com/c10k/03-coroutines/cmd/tiny"), "127.0.0.1:0")
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	line, err := bufio.NewReader(said).ReadString('\n')
	_, at, listening := strings.Cut(strings.TrimSpace(line), "tcp://")
	if err != nil || !listening {
		t.Fatalf("it says %q, %v", line, err)
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	first, _, second := dial(), dial(), dial()
	for _, word := range []string{"one", "two", "three"} {
		for _, c := range []net.Conn{first, second} {
			c.Write([]byte(word))
			back := make([]byte, len(word))
			if _, err := io.ReadFull(c, back); string(back) != word || err != nil {
				t.Errorf("%q came back as %q, %v", word, back, err)
			}
		}
	}
	first.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(first); len(rest) != 0 || err != nil {
		t.Errorf("after our end of the stream: %q, %v", rest, err)
	}
}
