package main

import (
	"strings"
	"testing"
	"time"
)

// Reports as wrk 4.1 and ab 2.3 print them, shortened; and with the lines that they add for faults.
const (
	wrkReport = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   426.00us   90.00us   1.20ms   70.00%
  209700 requests in 2.05s, 26.80MB read
Requests/sec: 102292.68
`
	abReport = `Time taken for tests:   0.250 seconds
Complete requests:      4000
Failed requests:        0
Total transferred:      500000 bytes
Requests per second:    16000.00 [#/sec] (mean)
`
)

func TestReportsOfTools(t *testing.T) {
	for _, c := range []struct {
		program, report string
		requests        int
		elapsed         time.Duration
		fault           string
	}{
		{"wrk", wrkReport, 209700, 2050 * time.Millisecond, ""},
		{"wrk", wrkReport + "  Socket errors: connect 0, read 3, write 0, timeout 0\n", 0, 0, "read 3"},
		{"wrk", wrkReport + "  Non-2xx or 3xx responses: 7\n", 0, 0, "responses: 7"},
		{"wrk", "unable to connect", 0, 0, "not understood"},
		{"wrk", strings.ReplaceAll(wrkReport, "209700", "0"), 0, 0, "none that could be measured"},
		{"ab", abReport, 4000, 250 * time.Millisecond, ""},
		{"ab", strings.Replace(abReport, "Failed requests:        0", "Failed requests:        12", 1), 0, 0, "12"},
		{"ab", abReport + "Non-2xx responses:      4000\n", 0, 0, "4000"},
	} {
		requests, elapsed, err := toolOf(c.program).read([]byte(c.report))
		if c.fault == "" && (err != nil || requests != c.requests || elapsed != c.elapsed) {
			t.Errorf("%s: %d requests in %v (%v), want %d in %v", c.program, requests, elapsed, err, c.requests, c.elapsed)
		}
		if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: it says %v, want …%s…", c.program, err, c.fault)
		}
	}
	for _, w := range workloads {
		if w.tool != "" && toolOf(w.tool) == nil {
			t.Errorf("%s is asked by %s, which is no tool", w.name, w.tool)
		}
	}
}
