package conform

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTools sends the loads of the source documents at a program with the tools that they used: ab with a
// connection for each request and with kept ones, wrk, and curl; 50 connections, as in document 001. Each
// has to report that nothing failed. A tool that is not installed is a skip that names its package.
func TestTools(t *testing.T, requests int, program string, args ...string) {
	t.Helper()
	command, err := Start(exec.Command(program, append(args, "-addr", "127.0.0.1:0")...), "", nil)
	if err != nil {
		t.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	t.Cleanup(func() {
		if err := command.Stop(); err != nil {
			t.Error(err)
		}
	})
	url := command.URL + "/"
	n := strconv.Itoa(requests)
	t.Run("ab", func(t *testing.T) { abNoticesNothing(t, requests, "-n", n, "-c", "50", url) })
	t.Run("ab -k", func(t *testing.T) { abNoticesNothing(t, requests, "-k", "-n", n, "-c", "50", url) })
	t.Run("wrk", func(t *testing.T) {
		report := runTool(t, "wrk", "wrk", "-t", "1", "-c", "50", "-d", "1s", url)
		if field(t, report, `(\d+) requests in`) == 0 {
			t.Errorf("no request was answered:\n%s", report)
		}
		for _, complaint := range []string{"Socket errors", "Non-2xx"} {
			if strings.Contains(report, complaint) {
				t.Errorf("wrk complains:\n%s", report)
			}
		}
	})
	t.Run("curl", func(t *testing.T) {
		// The second request goes over the first one's connection, or curl would say so.
		report := runTool(t, "curl", "curl", "--fail", "--silent", "--show-error", "--max-time", "10",
			"--write-out", " %{http_code} %{num_connects}\n", url, "--next",
			"--fail", "--silent", "--show-error", "--max-time", "10", "--write-out", " %{http_code} %{num_connects}\n", url)
		lines := strings.Split(strings.TrimSpace(report), "\n")
		if len(lines) != 2 || !strings.HasSuffix(lines[0], " 200 1") || !strings.HasSuffix(lines[1], " 200 0") {
			t.Errorf("curl reports:\n%s", report)
		}
	})
}

// abNoticesNothing runs ab and reads its report: all requests completed, none failed, none but 2xx.
func abNoticesNothing(t *testing.T, requests int, args ...string) {
	t.Helper()
	report := runTool(t, "apache2-utils", "ab", append([]string{"-q"}, args...)...)
	if complete := field(t, report, `Complete requests:\s+(\d+)`); complete != requests {
		t.Errorf("%d of %d requests completed", complete, requests)
	}
	if failed := field(t, report, `Failed requests:\s+(\d+)`); failed != 0 {
		t.Errorf("%d requests failed:\n%s", failed, report)
	}
	if strings.Contains(report, "Non-2xx") {
		t.Errorf("ab complains:\n%s", report)
	}
}

// runTool runs a tool of another package; without it the test is skipped.
func runTool(t *testing.T, pkg, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: it comes with the package %s", name, pkg)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// field finds a number in a report.
func field(t *testing.T, report, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(report)
	if found == nil {
		t.Fatalf("the report has no %s:\n%s", pattern, report)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
