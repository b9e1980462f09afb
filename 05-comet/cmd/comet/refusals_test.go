package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/conform"
)

func TestRefusals(t *testing.T) {
	s := startServer(t, "-workers", "1")
	long := strings.Repeat("x", 64<<10)
	many := strings.Repeat("topic=a&", 17)
	for _, c := range []struct {
		method, target, body string
		header               []string
		status               int
		says                 string
	}{
		{"GET", "/events", "", nil, 400, "at least one"},
		{"GET", "/events?topic=", "", nil, 400, "1 to 64"},
		{"GET", "/events?topic=a%2Fb", "", nil, 400, "1 to 64"},
		{"GET", "/events?topic=" + strings.Repeat("a", 65), "", nil, 400, "1 to 64"},
		{"GET", "/events?" + many, "", nil, 400, "at most 16"},
		{"GET", "/events?topic=a&since=7", "", nil, 400, "EPOCH-NUMBER"},
		{"GET", "/events?topic=a&since=0-7", "", nil, 400, "EPOCH-NUMBER"},
		{"GET", "/events?topic=a&since=1--7", "", nil, 400, "EPOCH-NUMBER"},
		{"GET", "/stream", "", nil, 400, "at least one"},
		{"POST", "/events?topic=a", "", nil, 405, "GET, OPTIONS"},
		{"HEAD", "/stream?topic=a", "", nil, 405, ""},
		{"GET", "/topics/a", "", nil, 405, "POST, OPTIONS"},
		{"POST", "/topics/", "x", nil, 400, "1 to 64"},
		{"POST", "/topics/a/b", "x", nil, 400, "1 to 64"},
		{"POST", "/topics/" + strings.Repeat("a", 64), long, nil, 200, `"id":1`},
		{"POST", "/topics/a", long + "x", nil, 413, "64 KiB"},
		{"POST", "/topics/a", "\xff\xfe", nil, 415, "UTF-8"},
		{"POST", "/topics/a", "x", []string{"Content-Encoding: gzip"}, 415, "not compressed"},
		{"POST", "/topics/a", "x", []string{"Origin: https://elsewhere.example"}, 403, "another site"},
		{"POST", "/topics/a", "x", []string{"Origin: http://" + s.addr}, 200, `"id":2`},
		{"POST", "/topics/a", "", nil, 200, `"id":3`},
		{"OPTIONS", "/topics/a", "", []string{"Origin: https://elsewhere.example"}, 403, "not on the list"},
		{"OPTIONS", "/topics/a", "", []string{"Origin: http://" + s.addr}, 204, ""},
		{"OPTIONS", "/events", "", nil, 204, ""}, // no page asks, so none is refused
		{"PUT", "/stats", "", nil, 405, "GET, HEAD"},
		{"GET", "/healthz", "", nil, 200, "ok"},
		{"HEAD", "/readyz", "", nil, 200, ""},
		{"GET", "/nowhere", "", nil, 404, "/events"},
	} {
		a, body := s.asked(c.method, c.target, c.body, c.header...)
		if a.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %.40s %.20q %v: %s %q, want %d %q", c.method, c.target, c.body, c.header, a.Status, body, c.status, c.says)
		}
		if (c.status == 405 || c.status == 204) && a.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.target)
		}
	}
}

// Publishing needs the token, and nothing else does.
func TestTheToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "-workers", "1", "-token-file", file)
	for header, want := range map[string]int{
		"X-Nothing: 1":                  401,
		"Authorization: s3cret":         401,
		"Authorization: Basic s3cret":   401,
		"Authorization: Bearer s3cre":   401,
		"Authorization: Bearer s3cret ": 200, // a space at the end of a field's value is not part of it
		"Authorization: bearer s3cret":  200,
	} {
		a, _ := s.asked("POST", "/topics/a", "x", header)
		if a.StatusCode != want || want == 401 && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %s, want %d", header, a.Status, want)
		}
	}
	if a := s.since("a", 0, 0); a.Next != 2 {
		t.Errorf("%d messages were published", a.Next)
	}
}

// Pages of the sites on the list may use the server, and others may not.
func TestOrigins(t *testing.T) {
	s := startServer(t, "-workers", "1", "-origins", "https://a.example,https://b.example")
	for origin, listed := range map[string]bool{"https://a.example": true, "https://b.example": true, "https://c.example": false, "": false} {
		var header []string
		if origin != "" {
			header = []string{"Origin: " + origin}
		}
		for _, c := range [][3]string{{"GET", "/events?topic=a"}, {"POST", "/topics/a", "x"}, {"OPTIONS", "/topics/a"}, {"OPTIONS", "/stream"}} {
			a, _ := s.asked(c[0], c[1], c[2], header...)
			if got := a.Header.Get("Access-Control-Allow-Origin"); listed && got != origin || !listed && got != "" {
				t.Errorf("%s %s from %q: allowed is %q", c[0], c[1], origin, got)
			}
			if c[0] == "OPTIONS" && listed && (a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Methods") == "") {
				t.Errorf("%s %s from %q: %s %v", c[0], c[1], origin, a.Status, a.Header)
			}
		}
	}
}

// Who is one too many is turned away, told when to come back, and not all the same time. A stream is told so
// in its own words, because an error would end it for good.
func TestOneTooMany(t *testing.T) {
	s := startServer(t, "-workers", "1", "-most", "1")
	s.connect().get("/stream?topic=a")
	s.await("the first is there", func() bool { return s.stats().Listening == 1 })
	after, retry := map[string]bool{}, map[string]bool{}
	for range 20 {
		a, _ := s.asked("GET", "/events?topic=a&since=1-1", "")
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if a.StatusCode != 503 || err != nil || seconds < 1 || seconds > 10 {
			t.Errorf("/events: %s, %v", a.Status, a.Header)
		}
		after[a.Header.Get("Retry-After")] = true
		a, body := s.asked("GET", "/stream?topic=a", "")
		if a.StatusCode != 200 || !regexp.MustCompile(`^retry: \d+\n\n$`).MatchString(body) {
			t.Errorf("/stream: %s %q", a.Status, body)
		}
		retry[body] = true
	}
	if len(after) < 3 || len(retry) < 10 {
		t.Errorf("everybody is told the same: %v, %v", after, retry)
	}
	if c := s.stats(); c.Listening != 1 || c.Workers[0].Refused != 40 {
		t.Errorf("%+v", c)
	}
}

// Whatever is counted can be scraped: every line is a comment, or a name, labels and a number.
func TestMetrics(t *testing.T) {
	s := startServer(t, "-workers", "2")
	s.publish("a", "x")
	var a *http.Response
	var body string
	s.await("both workers have it", func() bool { // the other one may not have begun to follow
		a, body = s.asked("GET", "/metrics", "")
		return strings.Contains(body, `comet_head{worker="worker-1"} 1`) && strings.Contains(body, `comet_head{worker="worker-2"} 1`)
	})
	if got := a.Header.Get("Content-Type"); got != "text/plain; version=0.0.4" {
		t.Errorf("the type is %s", got)
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{worker="(worker-\d+|master)"(,le="[^"]+")?\} [0-9.e+-]+)$`)
	heads, masters := map[string]bool{}, 0
	for text := range strings.Lines(body) {
		text = strings.TrimSuffix(text, "\n")
		if !line.MatchString(text) {
			t.Errorf("a line that is none: %q", text)
		}
		if strings.HasPrefix(text, "comet_head{") {
			heads[text] = true
		}
		if strings.Contains(text, `{worker="master"}`) {
			masters++
		}
	}
	if d := cmp.Diff(map[string]bool{`comet_head{worker="worker-1"} 1`: true, `comet_head{worker="worker-2"} 1`: true}, heads); d != "" {
		t.Error("heads (-want +got):", d)
	}
	if masters != 3 { // its descriptors, goroutines and memory
		t.Errorf("%d lines about the master: %s", masters, body)
	}
}

func TestFlags(t *testing.T) {
	built := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	for args, says := range map[string]string{
		"-wait 0":                   "-wait 0s",
		"-drain-time -1s":           "-drain-time",
		"-drain-delay -1s":          "-drain-delay",
		"-history -1":               "0 or more",
		"-token-file /nowhere":      "no such file",
		"-token-file /dev/null":     "openssl rand",
		"-workers 0":                "choose from 1",
		"-history-bytes 9000000000": "at most",
	} {
		said, err := exec.Command(built, strings.Fields(args)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || bytes.Count(said, []byte("\n")) != 1 || !bytes.Contains(said, []byte(says)) {
			t.Errorf("%s: %v, %q", args, err, said)
		}
	}
}
