package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Addresses in ../../nginx/nginx.conf: comet's and its own.
const cometsAddress, nginxsAddress = "127.0.0.1:8080", "127.0.0.1:8081"

// startNginx runs nginx with the configuration of the repository in front of s, and returns its URL.
func startNginx(t *testing.T, s *server) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil { // not everybody's PATH has sbin
			t.Skip("nginx is not installed: it comes with the package nginx-light")
		}
	}
	text, err := os.ReadFile("../../nginx/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	at := freeAddress(t)
	directory := t.TempDir()
	configuration := filepath.Join(directory, "nginx.conf")
	told := strings.NewReplacer(cometsAddress, s.addr, nginxsAddress, at).Replace(string(text))
	if err := os.WriteFile(configuration, []byte(told), 0o600); err != nil {
		t.Fatal(err)
	}
	directives := "daemon off;"
	if os.Getuid() == 0 {
		directives += " user root;" // the test's directory is nobody else's
	}
	nginx := exec.Command(program, "-p", directory, "-e", "stderr", "-c", configuration, "-g", directives)
	var said strings.Builder
	nginx.Stderr = &said
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nginx.Process.Signal(syscall.SIGTERM)
		if err := nginx.Wait(); err != nil || t.Failed() {
			t.Errorf("nginx ended with %v and said %s", err, said.String())
		}
	})
	s.with(func(c *crowd) {
		c.await("nginx answers", func() bool {
			conn, err := net.Dial("tcp", at)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	})
	return "http://" + at
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// What a proxy could spoil: events arrive through it while the stream is open, a long poll is answered, a message
// published through it is published once, and a client that goes away from it is gone at comet too.
func TestNginxInFront(t *testing.T) {
	s := startServer(t, "-workers", "2")
	url := startNginx(t, s)

	stream := ask(t, "GET", url+"/stream?topic=news", "")
	lines := bufio.NewReader(stream.Body)
	expectLine(t, lines, "id: ") // the stream has begun
	expect(t, url+"/topics/news", "POST", "hello", 200)
	expectLine(t, lines, "data: hello") // and is still open: nginx has held nothing back
	stream.Body.Close()

	head := expect(t, url+"/events?topic=news", "GET", "", 200)
	var epoch, next int
	if _, err := fmt.Sscanf(head, `{"epoch":%d,"next":%d,`, &epoch, &next); err != nil {
		t.Fatalf("%v in %s", err, head)
	}
	if next != 1 {
		t.Errorf("one message was published, and the head is %d", next)
	}
	polled := make(chan string, 1)
	go func() {
		polled <- body(ask(t, "GET", fmt.Sprintf("%s/events?topic=news&since=%d-%d", url, epoch, next), ""))
	}()
	s.with(func(c *crowd) {
		c.await("the long poll waits", func() bool { return strings.Contains(c.get("/stats"), `"listening":1`) })
	})
	expect(t, url+"/topics/news", "POST", "again", 200)
	if answer := <-polled; !strings.Contains(answer, `"data":"again"`) {
		t.Errorf("the long poll is answered %s", answer)
	}

	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
	s.with(func(c *crowd) {
		c.await("/ counts a client behind nginx", func() bool { return c.get("/") == "1" })
		conn.Close()
		c.await("/ counts it no more when it has left", func() bool { return c.get("/") == "0" })
	})

	// A page's Origin is compared with the Host that nginx passes on.
	request, _ := http.NewRequest("POST", url+"/topics/news", strings.NewReader("from a page"))
	for origin, status := range map[string]int{url: 200, "http://elsewhere.example": 403} {
		request.Body = io.NopCloser(strings.NewReader("from a page"))
		request.Header.Set("Origin", origin)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("a page of %s is answered %s, not %d", origin, answer.Status, status)
		}
	}
}

// ask makes a request that ends with the test, or after patience.
func ask(t *testing.T, method, url, text string) *http.Response {
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(text))
	if err != nil {
		t.Error(err)
		return nil
	}
	client := http.Client{Timeout: patience}
	answer, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return nil
	}
	return answer
}

func body(answer *http.Response) string {
	if answer == nil {
		return "nothing"
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// expect makes a request and returns the answer's body.
func expect(t *testing.T, url, method, text string, status int) string {
	t.Helper()
	answer := ask(t, method, url, text)
	if answer == nil {
		t.FailNow()
	}
	if answer.StatusCode != status {
		t.Fatalf("%s %s is answered %s", method, url, answer.Status)
	}
	return body(answer)
}

// expectLine reads up to a line with a beginning.
func expectLine(t *testing.T, lines *bufio.Reader, beginning string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended before a line %q: %v", beginning, err)
		}
		if strings.HasPrefix(line, beginning) {
			return
		}
	}
}
