// Package ab runs ApacheBench (ab(1)), the tool that documents 001 and 003 measured with, and reads its report.
//
// ab opens a connection for each request, and is one thread: about half of the time that it measures is its own.
// So its figures are for comparing servers that were measured side by side, and a little less far apart than
// the servers are.
//
// A run in which a request failed, or was answered with anything but 200, is an error: its time means nothing.
//
// What this package does not do: it does not install ab, and it starts no server.
package ab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrMissing says what to install.
var ErrMissing = errors.New("ab is not installed: it comes with the package apache2-utils")

// Installed returns nil or ErrMissing.
func Installed() error {
	if _, err := exec.LookPath("ab"); err != nil {
		return ErrMissing
	}
	return nil
}

// A Load is so many requests, a connection each, from so many clients at the same time.
type Load struct {
	Clients  int
	Requests int // at least as many as there are clients
}

// longest is when a run is given up, because ab waits for ever for a connection that nobody answers: after so
// long for each request, and a minute. The server of 2010 in document 003 took 0.9 ms for a request.
func (l Load) longest() time.Duration {
	return time.Duration(l.Requests)*5*time.Millisecond + time.Minute
}

var (
	rateField     = regexp.MustCompile(`Requests per second:\s+([0-9.]+)`)
	completeField = regexp.MustCompile(`Complete requests:\s+(\d+)`)
	failedField   = regexp.MustCompile(`Failed requests:\s+0\n`)
	refusedField  = regexp.MustCompile(`Non-2xx responses`)
)

// Run puts the load on a server and returns its requests a second.
func (l Load) Run(url string) (rate float64, err error) {
	if err := Installed(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.longest())
	defer cancel()
	n := strconv.Itoa(l.Requests)
	report, err := exec.CommandContext(ctx, "ab", "-q", "-c", strconv.Itoa(l.Clients), "-n", n, url).CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("ab has not ended after %v: it waits for an answer that does not come", l.longest())
	case err != nil:
		return 0, fmt.Errorf("ab: %w: %s", err, strings.TrimSpace(string(report)))
	}
	return read(report, n)
}

// read finds the rate in a report of n requests that all went well.
func read(report []byte, n string) (rate float64, err error) {
	found, complete := rateField.FindSubmatch(report), completeField.FindSubmatch(report)
	if found == nil || complete == nil || string(complete[1]) != n || !failedField.Match(report) || refusedField.Match(report) {
		return 0, fmt.Errorf("ab does not report %s complete requests and none failed or refused:\n%s", n, report)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
