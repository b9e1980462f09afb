package conform

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A few shells that behave as servers do when they start and stop.
func TestStartAndStop(t *testing.T) {
	const forEver = "; while :; do tail -f /dev/null & wait $!; done"
	defer func(d time.Duration) { stopWait = d }(stopWait)
	for _, test := range []struct {
		name, script string
		wait         time.Duration // for the stop
		url          string
		starts       string // part of Start's error
		stops        string // part of Stop's error
	}{
		{name: "stops in order", script: "trap 'exit 0' TERM; echo noise >&2; echo listening on http://127.0.0.1:1 and glad >&2" + forEver, wait: time.Minute, url: "http://127.0.0.1:1"},
		{name: "stops with a status", script: "trap 'echo sorry >&2; exit 4' TERM; echo x listening on http://h:1/ >&2" + forEver, wait: time.Minute, url: "http://h:1", stops: "exit status 4"},
		{name: "dies of the signal", script: "echo listening on http://h:1 >&2; exec tail -f /dev/null", wait: time.Minute, url: "http://h:1", stops: "signal: terminated"},
		{name: "does not stop", script: "trap '' TERM; echo listening on http://h:1 >&2" + forEver, wait: 100 * time.Millisecond, url: "http://h:1", stops: "was killed"},
		{name: "ends at once", script: "echo no oven >&2; exit 3", starts: "exit status 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stopWait = test.wait
			var echo bytes.Buffer
			c, err := Start(exec.Command("/bin/sh", "-c", test.script), "", &echo)
			if test.starts != "" {
				if err == nil || !strings.Contains(err.Error(), test.starts) || !strings.Contains(err.Error(), "no oven") {
					t.Fatalf("Start: %v; want %q and the last words", err, test.starts)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.URL != test.url {
				t.Errorf("it listens on %q, not %q", c.URL, test.url)
			}
			err = c.Stop()
			if (err == nil) != (test.stops == "") || err != nil && !strings.Contains(err.Error(), test.stops) {
				t.Errorf("Stop: %v; want %q", err, test.stops)
			}
			select {
			case <-c.Ended():
			default:
				t.Error("the process is still there after Stop")
			}
			if !strings.Contains(echo.String(), "listening on") {
				t.Errorf("its words were not passed on: %q", echo.String())
			}
		})
	}
}
