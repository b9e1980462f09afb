package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/c10k/05-comet/usage"
)

// An answer to /events.
type answer struct {
	Epoch, Next uint64
	Events      []struct {
		ID          uint64
		Topic, Data string
	}
	More, Reset bool
}

// parsed reads an answer; false if it is none.
func parsed(text []byte) (a answer, ok bool) {
	err := json.Unmarshal(text, &a)
	return a, err == nil
}

// data is what the events say, in order.
func (a answer) data() (all []string) {
	for _, e := range a.Events {
		all = append(all, e.Data)
	}
	return all
}

// outside asks on a new connection each time, so that any worker may be the one that answers.
var outside = http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// asked sends a request from outside; header is NAME: VALUE.
func (s *server) asked(method, target, body string, header ...string) (*http.Response, string) {
	s.Helper()
	r, err := http.NewRequest(method, "http://"+s.addr+target, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	a, err := outside.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		s.Fatal(err)
	}
	return a, string(text)
}

// since asks for events of some topics, which are given as they stand in a query: a&topic=b.
func (s *server) since(topics string, epoch, number uint64) (a answer) {
	s.Helper()
	target := "/events?topic=" + topics
	if epoch != 0 {
		target += fmt.Sprintf("&since=%d-%d", epoch, number)
	}
	status, body := s.asked("GET", target, "")
	if err := json.Unmarshal([]byte(body), &a); err != nil || status.StatusCode != 200 {
		s.Fatalf("%s: %s %q, %v", target, status.Status, body, err)
	}
	return a
}

// publish returns the message's number.
func (s *server) publish(topic, text string) uint64 {
	s.Helper()
	status, body := s.asked("POST", "/topics/"+topic, text)
	var a struct{ Epoch, ID uint64 }
	if err := json.Unmarshal([]byte(body), &a); err != nil || status.StatusCode != 200 || a.Epoch == 0 {
		s.Fatalf("publish: %s %q, %v", status.Status, body, err)
	}
	return a.ID
}

// A stats is as much of /stats as tests look at.
type stats struct {
	Waiting, Listening, Streams int
	Master                      usage.Own
	Workers                     []struct {
		usage.Own
		Pid      int
		Draining bool
		Slow     uint64
		Refused  uint64
	}
}

// held is what all workers together hold.
func (s stats) held() (all usage.Own) {
	for _, w := range s.Workers {
		all.Descriptors += w.Descriptors
		all.Goroutines += w.Goroutines
	}
	return all
}

func (s *server) stats() (all stats) {
	s.Helper()
	status, body := s.asked("GET", "/stats", "")
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		s.Fatalf("stats: %s %q, %v", status.Status, body, err)
	}
	return all
}

// await waits for what only asking can show.
func (s *server) await(what string, happened func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); !happened(); {
		if time.Now().After(end) {
			s.Fatalf("it never came about that %s: %+v", what, s.stats())
		}
	}
}

// A connection speaks HTTP by hand.
type connection struct {
	net.Conn
	answers *bufio.Reader
}

func (s *server) connect() *connection {
	s.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &connection{c, bufio.NewReader(c)}
}

func (c *connection) get(target string, header ...string) {
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", target, strings.Join(append(header, ""), "\r\n"))
}

// answer reads one answer, whole.
func (c *connection) answer(t *testing.T) (*http.Response, string) {
	t.Helper()
	a, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatalf("half an answer: %q, %v", body, err)
	}
	return a, string(body)
}

// A stream is Server-Sent Events being read: a head, and then blocks between empty lines.
type stream struct {
	*http.Response
	lines *bufio.Scanner
}

func (s *server) stream(target string, header ...string) *stream {
	s.Helper()
	c := s.connect()
	c.get(target, header...)
	a, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		s.Fatal(err)
	}
	return &stream{a, bufio.NewScanner(a.Body)}
}

// block returns the next block, its lines joined by a bar; "" at the end. Comments are left out.
func (s *stream) block() string {
	var block []string
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case line == "" && len(block) > 0:
			return strings.Join(block, "|")
		case line != "" && !strings.HasPrefix(line, ":"):
			block = append(block, line)
		}
	}
	return ""
}
