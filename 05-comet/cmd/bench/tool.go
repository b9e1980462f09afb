package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// A tool is somebody else's load, to measure ours by: if a request costs a server the same, whoever makes it,
// then ours adds nothing of its own to what is measured.
type tool struct {
	program string
	command func(c *cell, load time.Duration, url string) []string

	// What it prints at its end. Where a line of faults may be missing, none means none.
	requests, elapsed *regexp.Regexp
	faults            []*regexp.Regexp
}

var tools = []tool{
	{program: "wrk",
		command: func(c *cell, load time.Duration, url string) []string { // its time is whole seconds
			return []string{"-t1", fmt.Sprint("-c", c.clients), fmt.Sprintf("-d%ds", max(int(load.Seconds()+0.5), 1)), url}
		},
		requests: regexp.MustCompile(`(?m)^\s*(\d+) requests in `),
		elapsed:  regexp.MustCompile(`(?m)^\s*\d+ requests in ([\d.]+m?s)`),
		faults: []*regexp.Regexp{
			regexp.MustCompile(`(?m)^\s*Socket errors: (.*)`),
			regexp.MustCompile(`(?m)^\s*Non-2xx or 3xx responses: (.*)`)}},
	{program: "ab", // it speaks HTTP/1.0, and says too that the connection ends, for the floor, which looks for that alone
		command: func(c *cell, _ time.Duration, url string) []string {
			return []string{"-q", "-H", "Connection: close", "-n", fmt.Sprint(c.requests), "-c", fmt.Sprint(c.clients), url}
		},
		requests: regexp.MustCompile(`(?m)^Complete requests:\s+(\d+)`),
		elapsed:  regexp.MustCompile(`(?m)^Time taken for tests:\s+([\d.]+ s)econds`),
		faults: []*regexp.Regexp{
			regexp.MustCompile(`(?m)^Failed requests:\s+([1-9].*)`),
			regexp.MustCompile(`(?m)^Non-2xx responses:\s+(.*)`)}},
}

// toolOf returns the tool of a program.
func toolOf(program string) *tool {
	for i := range tools {
		if tools[i].program == program {
			return &tools[i]
		}
	}
	return nil
}

// toolPatience is how long a tool may take beyond the time of a load. ab sometimes waits for ever for an
// answer that it has had.
const toolPatience = 20 * time.Second

// drive lets the tool load a server.
func (t *tool) drive(ctx context.Context, c *cell, load time.Duration, url string) (requests int, elapsed time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, load+toolPatience)
	defer cancel()
	command := exec.CommandContext(ctx, t.program, t.command(c, load, url)...)
	said, err := command.CombinedOutput()
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return 0, 0, fmt.Errorf("%s did not end within %v", command, load+toolPatience)
	case err != nil:
		return 0, 0, fmt.Errorf("%s: %w: it said:\n%s", command, err, bytes.TrimSpace(said))
	}
	requests, elapsed, err = t.read(said)
	if err != nil {
		err = fmt.Errorf("%s: %w", command, err)
	}
	return requests, elapsed, err
}

// read takes what it needs out of a tool's report.
func (t *tool) read(said []byte) (requests int, elapsed time.Duration, err error) {
	for _, fault := range t.faults {
		if found := fault.Find(said); found != nil {
			return 0, 0, errors.New(string(bytes.TrimSpace(found)))
		}
	}
	count, took := t.requests.FindSubmatch(said), t.elapsed.FindSubmatch(said)
	if count == nil || took == nil {
		return 0, 0, fmt.Errorf("its report is not understood:\n%s", bytes.TrimSpace(said))
	}
	requests, _ = strconv.Atoi(string(count[1]))
	elapsed, err = time.ParseDuration(string(bytes.ReplaceAll(took[1], []byte(" "), nil)))
	if err == nil && (requests == 0 || elapsed <= 0) {
		err = fmt.Errorf("%d requests in %v are none that could be measured", requests, elapsed)
	}
	return requests, elapsed, err
}
