package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/05-comet/audience"
	"example.com/c10k/05-comet/swarm"
)

// roleVariable makes this test program play another: "swarm" is the command itself, the others are servers.
const roleVariable = "C10K_SWARM_TEST_ROLE"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // or each child takes a second more to end, under -race
	switch role := os.Getenv(roleVariable); {
	case swarm.IsChild(), audience.IsChild(): // of a swarm that this program plays
		main()
	case len(os.Args) > 1 && os.Args[1] == "server": // this first: it inherits the swarm's role
		serve(os.Args[2])
	case role == "swarm":
		main()
	}
	os.Exit(m.Run())
}

// serve is a comet server on net/http. It is right, or "miscounts" to one waiter; or it is "stuck", which
// never counts the last of 20, or "silent", which answers none of them; or it ends with status "3".
func serve(kind string) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var waiters []chan int
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n := len(waiters)
		switch r.URL.Path {
		case "/wait":
			waiter := make(chan int, 1)
			waiters = append(waiters, waiter)
			if len(waiters) == 20 && kind == "stuck" {
				fmt.Fprintln(os.Stderr, "now")
			}
			mu.Unlock()
			fmt.Fprint(w, <-waiter)
			mu.Lock()
			return
		case "/notify":
			if kind == "silent" {
				fmt.Fprintln(os.Stderr, "now")
				waiters = nil
			}
			for i, waiter := range waiters {
				if i == 0 && kind == "miscounts" {
					waiter <- n - 1
					continue
				}
				waiter <- n
			}
			waiters = nil
		default:
			if kind == "stuck" {
				n = min(n, 19)
			}
		}
		fmt.Fprint(w, n)
	}))
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	<-told
	fmt.Fprintln(os.Stderr, "the server ends")
	if kind == "3" {
		os.Exit(3)
	}
	os.Exit(0)
}

// A run of the command, and what came of it.
type outcome struct {
	status         int
	stdout, stderr string
}

// process is the command as a process of its own.
func process(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), roleVariable+"=swarm")
	return c
}

// finish runs it to its end.
func finish(t *testing.T, c *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestBadUsageIsOneLineAndStatus2(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"", "say which server: -url http://127.0.0.1:8080"},
		{"-url http://127.0.0.1:1 -serve x", "say which server"},
		{"-url http://127.0.0.1:1 more", `what is "more"?`},
		{"-serve x -pid 1", "-pid goes with -url"},
		{"-url http://127.0.0.1:1 -pid -4", "-pid -4 is no process"},
		{"-url http://127.0.0.1:1 -timeout -1s", "-timeout -1s leaves no time"},
		{"-url http://127.0.0.1:1 -n 0", "the number of clients is 0"},
		{"-url http://127.0.0.1:1 -processes 1000", "the number of client processes is 1000"},
		{"-url 127.0.0.1:1", "should look like http://127.0.0.1:8080"},
		{"-url http://127.0.0.1:1 -rate 7", "-rate is for clients that follow topics"},
		{"-url http://127.0.0.1:1 -poll 5 -n 7", "-n is for clients that wait"},
		{"-url http://127.0.0.1:1 -poll 5 -slow 1", "1 slow readers of 0 streams"},
		{"-url http://127.0.0.1:1 -stream 5 -topics 6", "6 topics for 5 clients"},
		{"-url http://127.0.0.1:1 -stream 5 -time 0s", "a time of 0s"},
		{"-url http://127.0.0.1:1 -signals HUP", "a signal needs a process"},
		{"-serve x -signals HUP,KILL", `the signal "KILL"`},
	} {
		got := finish(t, process(strings.Fields(test.args)...))
		if got.status != 2 || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 || got.stdout != "" {
			t.Errorf("swarm %s: %+v; want status 2 and one line with %q", test.args, got, test.want)
		}
	}
	if got := finish(t, process("-no-such-flag")); got.status != 2 || !strings.Contains(got.stderr, "-no-such-flag") {
		t.Errorf("swarm -no-such-flag: %+v", got)
	}
	if got := finish(t, process("-h")); got.status != 0 || !strings.Contains(got.stdout, "-timeout") {
		t.Errorf("swarm -h: %+v", got)
	}
}

func TestNobodyThereIsOneLineAndStatus1(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	got := finish(t, process("-url", "http://"+listener.Addr().String()))
	if got.status != 1 || !strings.Contains(got.stderr, "start a server there") || strings.Count(got.stderr, "\n") != 1 || got.stdout != "" {
		t.Errorf("%+v; want status 1 and one line that says what to do", got)
	}
}

func TestStatusTellsHowTheRunWent(t *testing.T) {
	for _, test := range []struct {
		kind           string
		status         int
		stdout, stderr string // what is to be found there
	}{
		{"right", 0, "wrong                  0", "answered 20 of 20"},
		{"miscounts", 1, `FAILED: 1: the body is "19" instead of "20"`, "answered 19 of 20"},
		{"3", 1, "wrong                  0", "the server did not stop well after TERM (exit status 3)"},
	} {
		got := finish(t, process("-serve", os.Args[0]+" server "+test.kind+" {addr}", "-n", "20"))
		if got.status != test.status || !strings.Contains(got.stdout, test.stdout) || !strings.Contains(got.stderr, test.stderr) {
			t.Errorf("a server that is %q: status %d, want %d; …%s… in\n%s\nand …%s… in\n%s",
				test.kind, got.status, test.status, test.stdout, got.stdout, test.stderr, got.stderr)
		}
	}
}

// ^C reaches everybody at the terminal, the swarm and its clients. Whatever it is doing, the swarm ends
// with 130, and only after the server that it started has ended.
func TestInterruptCleansUp(t *testing.T) {
	for _, kind := range []string{"stuck", "silent"} {
		c := process("-serve", os.Args[0]+" server "+kind+" {addr}", "-n", "20", "-processes", "2")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var text []string
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			text = append(text, lines.Text())
			if lines.Text() == "now" {
				syscall.Kill(-c.Process.Pid, syscall.SIGINT)
			}
		}
		c.Wait()
		all := strings.Join(text, "\n")
		if status := c.ProcessState.ExitCode(); status != 130 {
			t.Errorf("%s: status %d (%v), want 130", kind, status, c.ProcessState)
		}
		if ends, says := strings.Index(all, "the server ends"), strings.Index(all, "swarm: interrupted:"); ends < 0 || says < ends {
			t.Errorf("%s: want the server's end, and then the swarm's word on it:\n%s", kind, all)
		}
		if strings.Contains(all, "client process") {
			t.Errorf("%s: ^C ended the client processes before the swarm did:\n%s", kind, all)
		}
	}
}

// With few descriptors there are more client processes, and fewer clients if that is not enough. The
// shell lowers the limit for good, so that Go cannot raise it again.
func TestFewDescriptors(t *testing.T) {
	const descriptors = 200
	const ofProcess, ofServer = descriptors - swarm.DescriptorReserve, descriptors - swarm.ServerReserve
	server := startServer(t) // with descriptors for all of them
	limited := func(args ...string) swarm.Result {
		c := process()
		c.Path = "/bin/sh"
		c.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors), os.Args[0], "-json", "-n", "300"}, args...)
		got := finish(t, c)
		var result swarm.Result
		if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.status != 0 {
			t.Fatalf("%v: %+v", err, got)
		}
		return result
	}
	if r := limited("-url", server); r.Clients != 300 || r.Limited != "" || r.Processes != (300+ofProcess-1)/ofProcess {
		t.Errorf("%d clients (%s) in %d processes with %d descriptors each", r.Clients, r.Limited, r.Processes, ofProcess)
	}
	if runtime.GOOS != "linux" {
		return // a server's limits can be read on Linux only
	}
	if r := limited("-serve", os.Args[0]+" server right {addr}"); r.Clients != ofServer || !strings.Contains(r.Limited, "ulimit -n") {
		t.Errorf("%d clients (%s), and the server has descriptors for %d", r.Clients, r.Limited, ofServer)
	}
}

// startServer starts a right server until the end of the test.
func startServer(t *testing.T) (url string) {
	t.Helper()
	server, err := swarm.StartServer(t.Context(), os.Args[0]+" server right {addr}", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// The demo is the test: the real server, real processes, every body checked.
func TestCometAnswersEverybody(t *testing.T) {
	clients := 10_000
	if testing.Short() {
		clients = 1000
	}
	comet := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	got := finish(t, process("-json", "-n", fmt.Sprint(clients), "-serve", comet+" -workers 2 -addr {addr}"))
	if got.status != 0 {
		t.Fatalf("%+v", got)
	}
	var r swarm.Result
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatalf("%v in %s", err, got.stdout)
	}
	if r.Asked != clients {
		t.Errorf("asked for %d clients, want %d", r.Asked, clients)
	}
	if r.Clients < clients {
		t.Logf("this machine holds %d clients of %d: %s", r.Clients, clients, r.Limited)
	}
	if r.Lost != 0 || r.Wrong != 0 || r.Notified != fmt.Sprint(r.Clients) {
		t.Errorf("lost %d, wrong %d, and the notifier got %s", r.Lost, r.Wrong, r.Notified)
	}
	if r.FanOut <= 0 || r.FanOut > 2*r.Last+100 {
		t.Errorf("the server took %.1f ms by its own clock to wake everybody, and the last client had its answer after %.1f ms", r.FanOut, r.Last)
	}
	if runtime.GOOS != "linux" {
		return // memory is measured on Linux only
	}
	if r.Server == nil || r.Server.Processes != 3 || r.Server.User+r.Server.System <= 0 {
		t.Fatalf("the server was measured as %+v; want a master and two workers", r.Server)
	}
	const budget = 8 << 10
	if !testing.Short() && (r.Server.PerClient > budget || r.Server.PerClient < 1000) {
		t.Errorf("%.0f bytes of user memory for each parked client; want at most %d, and not less than a coroutine has", r.Server.PerClient, budget)
	}
}

// A reload and an upgrade while all are there: waiters stay and are told, followers come back and miss nothing.
func TestRenewalsCostNobodyAnything(t *testing.T) {
	comet := conform.Build(t, "example.com/c10k/05-comet/cmd/comet") + " -workers 2 -drain-window 200ms -addr {addr}"
	got := finish(t, process("-json", "-serve", comet, "-n", "300", "-signals", "HUP,USR2"))
	var waited swarm.Result
	if err := json.Unmarshal([]byte(got.stdout), &waited); err != nil || got.status != 0 || !isHUPThenUSR2(waited.Renewals) || waited.Notified != "300" {
		t.Errorf("%v, %+v", err, got)
	}
	got = finish(t, process("-json", "-serve", comet, "-poll", "100", "-rate", "20", "-time", "600ms", "-signals", "HUP,USR2"))
	var followed audience.Result
	if err := json.Unmarshal([]byte(got.stdout), &followed); err != nil || got.status != 0 || !isHUPThenUSR2(followed.Renewals) {
		t.Errorf("%v, %+v", err, got)
	}
	if followed.Connections < 300 || followed.Received != followed.Sent || followed.Resets != 0 {
		t.Errorf("100 clients come back twice: %+v", followed)
	}
}

func isHUPThenUSR2(r []swarm.Renewal) bool {
	return len(r) == 2 && r[0].Signal == "HUP" && r[1].Signal == "USR2" && r[0].Took > 0 && r[1].Took > 0
}

// Followers: the account in one line, and in JSON.
func TestFollowersAreAccountedFor(t *testing.T) {
	comet := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	got := finish(t, process("-serve", comet+" -workers 2 -addr {addr}", "-poll", "10", "-stream", "10", "-rate", "50", "-time", "1s"))
	if got.status != 0 || !strings.HasPrefix(got.stdout, "sent ") || !strings.Contains(got.stdout, "lost 0, doubled 0, resets 0\n") {
		t.Errorf("%+v", got)
	}
	got = finish(t, process("-json", "-serve", comet+" -workers 2 -addr {addr}", "-stream", "10", "-rate", "50", "-time", "1s"))
	var r audience.Result
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.status != 0 || r.Sent == 0 || r.Received != r.Sent {
		t.Errorf("%v, %+v", err, got)
	}
}
