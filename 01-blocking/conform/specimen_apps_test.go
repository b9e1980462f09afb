package conform

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A reply is what an application says to a question.
type reply struct {
	status int
	allow  string
	body   string
	end    bool // the client left: no answer
}

// answer asks the application, writes what it says, and tells whether the connection goes on.
func (v *visit) answer(q *question) bool {
	fault := v.s.fault
	var r reply
	switch v.s.app {
	case "hello":
		r = reply{status: 200, body: "Hello, World!"}
	case "echo":
		r = v.echo(q)
	case "comet":
		r = v.cometReply(q)
	}
	if r.end {
		return false
	}
	if fault == "confused-by-pieces" && v.pieces > 1 {
		r.body = "Hello, Worl"
	}
	if fault == "line-end-in-bodies" {
		r.body += "\n"
	}
	if fault == "405-without-allow" {
		r.allow = ""
	}
	if fault == "drops-the-rest" {
		v.pending = nil
	}
	v.send(q, r.status, r.allow, r.body)
	return !q.close
}

func (v *visit) echo(q *question) reply {
	allowed := []string{"GET", "PUT", "POST", "DELETE"}
	if !slices.Contains(allowed, q.method) {
		return reply{status: 405, allow: strings.Join(allowed, ", ")}
	}
	target := q.target
	if v.s.fault == "decodes-targets" {
		target, _ = url.PathUnescape(target)
	}
	body := fmt.Sprintf("You requested %s via method %s", target, q.method)
	if len(q.body) > 0 {
		body += fmt.Sprintf(" with %d bytes", len(q.body))
	}
	if v.s.fault == "swaps-pipelined" && len(v.pending) > 0 {
		body = "the answer to the next one"
	}
	return reply{status: 200, body: body}
}

// A waitingList is who waits, of all connections.
type waitingList struct {
	mutex   sync.Mutex
	waiters []chan int
	kept    bool // for the fault keeps-a-notify
}

func (v *visit) cometReply(q *question) reply {
	fault, l := v.s.fault, &v.s.comet
	path := strings.TrimPrefix(q.target, "http://"+q.get("host"))
	if fault != "query-in-path" {
		path, _, _ = strings.Cut(path, "?")
	}
	allowed := []string{"GET", "HEAD"}
	switch path {
	case "/wait":
		allowed = []string{"GET"}
	case "/notify":
		allowed = []string{"GET", "POST"}
	}
	if fault == "get-only" {
		allowed = []string{"GET"}
	}
	if !slices.Contains(allowed, q.method) && fault != "any-method" {
		return reply{status: 405, allow: strings.Join(allowed, ", ")}
	}
	l.mutex.Lock()
	n := len(l.waiters)
	switch path {
	case "/wait":
		return v.wait(q)
	case "/notify":
		wake := l.waiters
		if fault == "wakes-one" {
			wake = wake[:min(len(wake), 1)]
		}
		for _, woken := range wake {
			woken <- n
		}
		l.waiters = nil
		if fault == "forgets-nobody" {
			l.waiters = slices.Repeat([]chan int{make(chan int, 2)}, n)
		}
		l.kept = fault == "keeps-a-notify"
	case "/":
	default:
		if fault == "404-elsewhere" {
			n = -404
		}
	}
	l.mutex.Unlock()
	if n < 0 {
		return reply{status: 404}
	}
	return reply{status: 200, body: fmt.Sprint(n)}
}

// wait parks the visit. It is called with the list locked.
func (v *visit) wait(q *question) reply {
	fault, l := v.s.fault, &v.s.comet
	if fault == "waits-for-nobody" || l.kept {
		l.kept = false
		l.mutex.Unlock()
		return reply{status: 200, body: "1"}
	}
	woken := make(chan int, 1)
	if v.waits++; v.waits == 1 || fault != "waits-once" {
		l.waiters = append(l.waiters, woken)
	}
	l.mutex.Unlock()

	for here := true; here; {
		select {
		case n := <-woken:
			return v.woken(q, n)
		case <-v.tired():
			return reply{end: true}
		case b, open := <-v.arrived:
			v.pending = append(v.pending, b...)
			here = open && (len(v.pending) < headLimit || fault == "no-bound-while-waiting")
		}
	}
	hidden := len(v.pending) > 0
	if fault == "never-notices" || fault == "bytes-hide-the-end" && hidden || fault == "half-close-is-waiting" && !v.reset {
		return v.woken(q, <-woken)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.waiters = slices.DeleteFunc(l.waiters, func(w chan int) bool { return w == woken })
	return reply{end: true}
}

func (v *visit) woken(q *question, n int) reply {
	switch v.s.fault {
	case "drops-what-came-meanwhile":
		v.pending = nil
	case "forgets-close":
		q.close = false
	}
	return reply{status: 200, body: fmt.Sprint(n)}
}

// tired ends waits for the fault that takes a waiting client for an idle one.
func (v *visit) tired() <-chan time.Time {
	if v.s.fault == "waiting-is-idle" {
		return time.After(v.s.idle)
	}
	return nil
}

func (v *visit) refuse(status int) {
	v.send(&question{minor: 1, close: true}, status, "", "refused")
}

func (v *visit) send(q *question, status int, allow, body string) {
	version, date := "HTTP/1.1", time.Now().UTC().Format(http.TimeFormat)
	switch v.s.fault {
	case "speaks-1.0":
		version = "HTTP/1.0"
	case "local-date":
		date = time.Now().UTC().Format(time.RFC1123)
	}
	head := fmt.Sprintf("%s %d %s\r\nDate: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n",
		version, status, http.StatusText(status), date, len(body))
	if allow != "" {
		head += "Allow: " + allow + "\r\n"
	}
	if q.close {
		head += "Connection: close\r\n"
	} else if q.keep {
		head += "Connection: keep-alive\r\n"
	}
	if q.method == "HEAD" && v.s.fault != "body-after-head" {
		body = ""
	}
	fmt.Fprint(v.conn, head, "\r\n", body)
}
