package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// The page's files are served with their types and under a policy, and are not sent twice.
func TestThePage(t *testing.T) {
	s := startServer(t, "-workers", "1")
	for name, mime := range map[string]string{"": "text/html", "page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		a, body := s.asked("GET", "/ui/"+name, "")
		if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), mime) || body == "" {
			t.Errorf("/ui/%s: %s, %s", name, a.Status, a.Header.Get("Content-Type"))
		}
		if policy := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("/ui/%s: the policy is %q", name, policy)
		}
		if strings.Contains(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), "://") {
			t.Errorf("/ui/%s names another host", name)
		}
		again, rest := s.asked("GET", "/ui/"+name, "", "If-None-Match: "+a.Header.Get("ETag"))
		if again.StatusCode != 304 || rest != "" {
			t.Errorf("/ui/%s again: %s, %d bytes", name, again.Status, len(rest))
		}
	}
	for _, c := range []struct {
		method, target string
		status         int
	}{{"GET", "/ui/other", 404}, {"GET", "/ui/../go.mod", 404}, {"POST", "/ui/", 405}, {"DELETE", "/ui/", 405}, {"POST", "/ui/live", 405}, {"HEAD", "/ui/live", 200}, {"POST", "/ui/demo", 404}} {
		if a, _ := s.asked(c.method, c.target, ""); a.StatusCode != c.status {
			t.Errorf("%s %s: %s, not %d", c.method, c.target, a.Status, c.status)
		}
	}
}

// Statistics come by themselves, to all who look, and are those of /stats.
func TestLiveStatistics(t *testing.T) {
	s := startServer(t, "-workers", "2")
	one, two := s.stream("/ui/live"), s.stream("/ui/live")
	for _, viewer := range []*stream{one, two} {
		if got := viewer.block(); got != "retry: 1000|event: demo|data: 0" {
			t.Errorf("it begins with %q", got)
		}
	}
	c := s.connect()
	c.get("/wait")
	for _, viewer := range []*stream{one, two} {
		for waiting := 0; waiting != 1; {
			block := viewer.block()
			var all stats
			if err := json.Unmarshal([]byte(strings.TrimPrefix(block, "data: ")), &all); err != nil || len(all.Workers) != 2 {
				t.Fatalf("%q: %v", block, err)
			}
			waiting = all.Waiting
		}
	}
	s.reload()
	for one.block() != "" { // it ends, in order, with the process
	}
	if err := one.lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

// The demo is for the page itself on this machine, and one at a time.
func TestWhoMayStartADemo(t *testing.T) {
	s := startServer(t, "-workers", "2", "-demo")
	ask := func(host, origin, body string) string {
		c := s.connect()
		c.Write([]byte("POST /ui/demo HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n" + origin + "Content-Length: " +
			string('0'+rune(len(body))) + "\r\n\r\n" + body))
		a, text := c.answer(t)
		return a.Status + " " + text
	}
	own := "Origin: http://" + s.addr + "\r\n"
	for _, c := range []struct{ host, origin, body, want string }{
		{s.addr, "", "5", "403 "},
		{s.addr, "Origin: http://evil.example\r\n", "5", "403 "},
		{s.addr, "Origin: null\r\n", "5", "403 "},
		{"evil.example", "Origin: http://evil.example\r\n", "5", "403 "}, // whose name was made to lead here
		{s.addr, own, "0", "400 "},
		{s.addr, own, "10001", "400 "},
		{s.addr, own, "many", "400 "},
		{s.addr, own, "5", `"lost":0,"wrong":0,"notified":"5"`},
	} {
		if got := ask(c.host, c.origin, c.body); !strings.Contains(got, c.want) {
			t.Errorf("Host %s, %s%s: %q, want %s", c.host, c.origin, c.body, got, c.want)
		}
	}

	first := s.connect()
	first.Write([]byte("POST /ui/demo HTTP/1.1\r\nHost: " + s.addr + "\r\n" + own + "Content-Length: 4\r\n\r\n3000"))
	s.await("the demo's clients wait", func() bool { return s.stats().Waiting > 0 })
	if got := ask(s.addr, own, "5"); !strings.Contains(got, `{"error":"a demo runs already`) {
		t.Errorf("a second one: %q", got)
	}
	first.Close() // and so the page that asked is gone, and its swarm with it
	s.await("the demo's clients are gone", func() bool { return s.stats().Waiting == 0 })
	s.await("the next one may run", func() bool { return strings.Contains(ask(s.addr, own, "5"), `"notified":"5"`) })
}

func TestNoDemoForOthers(t *testing.T) {
	out, err := exec.Command(conform.Build(t, "example.com/c10k/05-comet/cmd/comet"), "-demo", "-addr", "0.0.0.0:0").CombinedOutput()
	if code := err.(*exec.ExitError).ExitCode(); code != 2 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "loopback") {
		t.Errorf("status %d: %s", code, out)
	}
}
