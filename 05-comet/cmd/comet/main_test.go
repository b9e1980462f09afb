package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/sock"
)

func TestConform(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/05-comet/cmd/comet")
	for _, workers := range []string{"1", "2", "3"} {
		t.Run(workers+" workers", func(t *testing.T) { conform.TestCommand(t, "05", program, "-workers", workers) })
	}
}

// size is how many clients park: 10,000, or what this machine's descriptors allow.
func size(t *testing.T) int {
	const wanted, spare = 10_000, 100
	n := min(wanted, sock.DescriptorLimit()-spare)
	if n < wanted {
		t.Logf("parking %d clients instead of %d: this process may open %d descriptors (ulimit -n)", n, wanted, sock.DescriptorLimit())
	}
	return n
}

// One of the workers dies with its waiters. The others keep theirs, the dead one is replaced, those who
// were lost come back, and everybody is told the whole number.
func TestAKilledWorkerCostsNobodyElse(t *testing.T) {
	n := size(t)
	s := startServer(t, "-workers", "3")
	s.with(func(c *crowd) {
		c.park(n)
		victim := c.workers()[0]
		syscall.Kill(victim, syscall.SIGKILL)
		c.await("the dead worker's clients are lost", func() bool { return c.lost > 0 && c.get("/") == strconv.Itoa(c.waiting) })
		t.Logf("%d of %d clients were lost with the worker", c.lost, n)
		if c.waiting+c.lost != n || c.lost == n {
			t.Errorf("%d wait and %d are lost, of %d", c.waiting, c.lost, n)
		}
		c.park(c.lost)
		if told := c.get("/notify"); told != strconv.Itoa(n) {
			t.Errorf("/notify said %s, not %d", told, n)
		}
		c.emptied()
		if d := cmp.Diff(map[string]int{strconv.Itoa(n): n}, c.told); d != "" {
			t.Error("answers by body (-want +got):", d)
		}
	})
}

// A worker dies after its list was taken and before it is released. A second one is stopped meanwhile, so
// that the round cannot end; the log says what the workers have answered.
func TestAWorkerKilledBetweenTakeAndRelease(t *testing.T) {
	const n = 3000
	s := startServer(t, "-workers", "3")
	s.with(func(c *crowd) {
		c.park(n)
		pids := map[string]int{} // by the number that the log uses
		for _, pid := range c.workers() {
			pids[workerNumber(t, pid)] = pid
		}
		stopped, ok := pids["1"]
		if !ok {
			t.Error("there is no worker 1: ", pids)
			return
		}
		syscall.Kill(stopped, syscall.SIGSTOP)
		c.await("worker 1 has stopped", func() bool { return processState(t, stopped) == "T" })

		notified := make(chan string, 1)
		go func() { notified <- getAlone(t, "http://"+s.addr+"/notify") }()
		accepted := numberIn(s.read("msg=frame", "kind=N"))
		taken := numberIn(s.read("msg=frame", "kind=t"))
		for taken == accepted { // who answers the notifier must live
			taken = numberIn(s.read("msg=frame", "kind=t"))
		}
		syscall.Kill(pids[taken], syscall.SIGKILL)
		s.read("worker ended", "worker-"+taken)
		syscall.Kill(stopped, syscall.SIGCONT)

		answer := <-notified
		c.emptied()
		told, _ := strconv.Atoi(answer)
		survivors := c.told[answer]
		t.Logf("parked %d, told %d, survivors %d, lost %d", n, told, survivors, c.lost)
		if d := cmp.Diff(map[string]int{answer: survivors}, c.told); d != "" {
			t.Error("answers by body (-want +got):", d)
		}
		if survivors > told || told > n || survivors+c.lost != n || c.lost == 0 {
			t.Errorf("survivors %d, told %d, parked %d, lost %d", survivors, told, n, c.lost)
		}
		if count := c.get("/"); count != "0" {
			t.Errorf("/ says %s afterwards", count)
		}
	})
}

// numberIn is the worker's number in a log line about a frame.
func numberIn(line string) string {
	_, rest, _ := strings.Cut(line, "worker=")
	number, _, _ := strings.Cut(rest, " ")
	return number
}

// workerNumber is the number in the name that a worker gave its process: 3 of worker-3.
func workerNumber(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(b)), "worker-")
}

// processState is the letter in /proc/PID/stat, after the name in parentheses (proc(5)): T is stopped.
func processState(t *testing.T, pid int) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}

// getAlone is a GET from outside the crowd's scheduler, which stands still while the test reads the log.
func getAlone(t *testing.T, url string) string {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
