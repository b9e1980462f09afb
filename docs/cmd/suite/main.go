// Command suite runs the tests of the modules it is given and says what it did: one line for each
// module, the output of what failed, the logs of long tests, and every skip with its reason.
//
//	go run ./docs/cmd/suite 01-blocking 02-selectors
//
// It is go test -json with a shorter report. A test that is skipped has not been run, and in an ordinary
// report nobody sees it; here it is listed, and with C10K_NO_SKIP=1 in the environment (as in .ci/run) it
// is a failure.
//
// What it does not do: it changes no test's result, and it runs nothing that go test ./... in the same
// directory would not run. A module without packages is named and passed over.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// packagesPerProcessor is how many packages are tested at the same time. A server's test waits most of its time, for
// a time-out, a client that leaves, a process that ends; so a processor has time for more than the one of go test -p.
const packagesPerProcessor = 2

func main() {
	race := flag.Bool("race", false, "run under the race detector, and with -short, because it makes everything ten times as slow (needs a C compiler)")
	soak := flag.Bool("soak", false, "run only the long tests: files with the build tag soak, functions named TestSoak…")
	limit := flag.Duration("timeout", 5*time.Minute, "the longest a package may take; with -soak there is none")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "suite: name the modules to test, as in: suite 01-blocking 02-selectors")
		os.Exit(2)
	}
	arguments := []string{"test", "-json"}
	if *race {
		arguments = append(arguments, "-race", "-short")
	}
	if *soak {
		// -p 1: a long test measures the machine, so it has the machine to itself.
		arguments = append(arguments, "-tags", "soak", "-run", "^TestSoak", "-count", "1", "-p", "1", "-timeout", "0")
	} else {
		arguments = append(arguments, "-p", strconv.Itoa(packagesPerProcessor*runtime.NumCPU()), "-timeout", limit.String())
	}
	failed := false
	for _, module := range flag.Args() {
		if !run(os.Stdout, module, append(arguments, "./...")) {
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// run tests one module and reports whether all is well.
func run(out io.Writer, module string, arguments []string) bool {
	list := exec.Command("go", "list", "./...")
	list.Dir = module
	if packages, err := list.Output(); err == nil && len(packages) == 0 {
		fmt.Fprintf(out, "%-14s no packages yet\n", module)
		return true
	}
	start := time.Now()
	test := exec.Command("go", arguments...)
	test.Dir = module
	test.Stderr = os.Stderr
	events, err := test.StdoutPipe()
	if err == nil {
		err = test.Start()
	}
	if err != nil {
		fmt.Fprintf(out, "%-14s go test did not start: %v\n", module, err)
		return false
	}
	report := newReport(out)
	report.read(events)
	err = test.Wait()
	allowSkips := os.Getenv("C10K_NO_SKIP") != "1"
	passed := err == nil && report.failed == 0 && (allowSkips || len(report.skips) == 0)
	fmt.Fprintf(out, "%-14s %s %s, %s\n", module, verdict(passed), report.summary(), seconds(time.Since(start)))
	for _, s := range report.skips {
		fmt.Fprintf(out, "%-14s skipped %s\n", "", s)
	}
	if len(report.skips) > 0 && !allowSkips {
		fmt.Fprintf(out, "%-14s a skip is a failure here, because C10K_NO_SKIP=1\n", "")
	}
	return passed
}

func verdict(passed bool) string {
	if passed {
		return "ok    "
	}
	return "FAILED"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// plural counts things: 1 test, 2 tests.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, strings.TrimSpace(thing))
}
