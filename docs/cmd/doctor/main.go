// Command doctor says what this machine can run: what will be scaled down or skipped here, and how to
// change that. Run it with make doctor before the first lesson.
//
// It looks at the operating system, the Go version, cores, descriptors, ports, threads, memory, the C
// compiler and the tools that some tests use, and prints one line for each: what is here, and, where that
// stands in the way of something, what it means and what to do. The last line says how many clients this
// machine holds. The exit status is 0 unless nothing of this repository can run here.
//
// What it does not do: it changes nothing, and it measures nothing.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
)

func main() {
	findings := examine(look())
	print(os.Stdout, findings)
	for _, f := range findings {
		if f.fatal {
			os.Exit(1)
		}
	}
}

// A machine is what was found. 0 means that it cannot be known here.
type machine struct {
	system      string // runtime.GOOS
	goVersion   string
	cores       int
	descriptors int // the soft limit, as a Go program gets it: the runtime raises it to the hard one
	ports       int // ephemeral ports for each source address
	sources     int // loopback addresses that connections can come from
	backlog     int // connections that may wait to be accepted
	threads     int
	memory      int64 // bytes
	compiler    string
	tools       map[string]bool
}

// A finding is one line of the report.
type finding struct {
	what, found string
	means       string // empty: nothing stands in the way
	fatal       bool
}

const (
	clients = 10_000 // what make run parks

	// reserved descriptors are those that carry no client: standard streams, listener, poller, links.
	reserved = 64

	// perClient is a cautious sum of the memory for both ends of a waiting connection, kernel and user, on
	// one machine.
	perClient = 24 << 10

	// threadsOfWall is how many threads the wall of stage 01 starts before the runtime gives up.
	threadsOfWall = 10_000
)

// tools are the programs that tests and transcripts use where they are installed, and their packages.
var tools = []struct{ name, debian string }{
	{"curl", "curl"}, {"ab", "apache2-utils"}, {"wrk", "wrk"}, {"nginx", "nginx-light"}, {"nc", "netcat-openbsd"}, {"git", "git"},
	{"node", "nodejs"}, {"strace", "strace"}, {"chromium", "chromium"},
}

// look asks this machine.
func look() machine {
	m := machine{system: runtime.GOOS, goVersion: runtime.Version(), cores: runtime.NumCPU(), sources: 1, tools: map[string]bool{}}
	lookFurther(&m)
	if name, err := exec.Command("go", "env", "CC").Output(); err == nil {
		if fields := strings.Fields(string(name)); len(fields) > 0 {
			if _, err := exec.LookPath(fields[0]); err == nil {
				m.compiler = fields[0]
			}
		}
	}
	for _, tool := range tools {
		_, err := exec.LookPath(tool.name)
		m.tools[tool.name] = err == nil
	}
	return m
}

// examine turns what was found into lines, and a last one with the number of clients.
func examine(m machine) []finding {
	list := []finding{system(m), {what: "Go", found: m.goVersion}, cores(m), descriptors(m), ports(m), backlog(m), threads(m), memory(m)}
	compiler := finding{what: "C compiler", found: m.compiler}
	if m.compiler == "" {
		compiler = finding{what: "C compiler", found: "none", means: "make check skips the race detector; install gcc or clang"}
	}
	list = append(list, compiler)
	for _, tool := range tools {
		f := finding{what: tool.name, found: "installed"}
		if !m.tools[tool.name] {
			f.found, f.means = "missing", "tests that need it are skipped; install the package "+tool.debian
		}
		list = append(list, f)
	}
	fits := holds(m)
	if list[0].fatal {
		return list
	}
	last := finding{what: "clients", found: number(fits), means: "make run parks so many here instead of " + number(clients) + "; the lines above say why"}
	if fits >= clients {
		last.found, last.means = number(clients), ""
	}
	return append(list, last)
}

// holds is how many waiting clients fit, at most those that are wanted.
func holds(m machine) int {
	fits := clients
	for _, limit := range []int{room(m), m.ports * m.sources, int(m.memory / perClient)} {
		if limit > 0 {
			fits = min(fits, limit)
		}
	}
	return fits
}

func room(m machine) int { return max(m.descriptors-reserved, 0) }

func system(m machine) finding {
	switch m.system {
	case "linux":
		return finding{what: "system", found: "linux"}
	case "darwin", "freebsd":
		return finding{what: "system", found: m.system, means: "kqueue and poll in place of epoll; nothing here was measured on it"}
	}
	return finding{what: "system", found: m.system, fatal: true,
		means: "the servers need Linux, macOS or FreeBSD; on Windows use WSL, or a container with Go in it"}
}

func cores(m machine) finding {
	f := finding{what: "cores", found: number(m.cores)}
	if m.cores < 2 {
		f.means = "server and load share one core: times are longer and spread more; every test still runs"
	}
	return f
}

func descriptors(m machine) finding {
	f := finding{what: "descriptors", found: known(m.descriptors)}
	if m.descriptors > 0 && room(m) < clients {
		f.means = fmt.Sprintf("a process holds %s clients; raise it: ulimit -n %d, and the hard limit as root (limits.conf, or launchctl limit maxfiles)",
			number(room(m)), clients+reserved)
	}
	return f
}

func ports(m machine) finding {
	f := finding{what: "ports", found: known(m.ports)}
	if m.sources > 1 {
		f.found += " for each source address"
	}
	if m.ports > 0 && m.ports*m.sources < clients {
		f.means = fmt.Sprintf("one source address makes %s connections; widen net.ipv4.ip_local_port_range, or net.inet.ip.portrange.first", number(m.ports))
	}
	return f
}

func backlog(m machine) finding {
	const wanted = 4096 // what the commands ask for
	f := finding{what: "backlog", found: known(m.backlog)}
	if m.backlog > 0 && m.backlog < wanted {
		f.means = fmt.Sprintf("the kernel cuts -backlog %d to this: many clients at once wait longer to connect; net.core.somaxconn, or kern.ipc.somaxconn", wanted)
	}
	return f
}

func threads(m machine) finding {
	f := finding{what: "threads", found: known(m.threads)}
	if m.threads > 0 && m.threads < threadsOfWall+100 {
		f.means = "the wall of stage 01 ends earlier here than at 10,000 threads; ulimit -u, or the container's limit of processes"
	}
	return f
}

func memory(m machine) finding {
	f := finding{what: "memory", found: "not known here"}
	if m.memory > 0 {
		f.found = fmt.Sprintf("%s MiB", number(int(m.memory>>20)))
		if m.memory < clients*perClient {
			f.means = "not enough for both ends of 10,000 connections; close other programs, or add memory"
		}
	}
	return f
}

func known(n int) string {
	if n == 0 {
		return "not known here"
	}
	return number(n)
}

// number writes commas between thousands.
func number(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func print(out io.Writer, findings []finding) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		mark := "ok"
		if f.means != "" {
			mark = "less"
		}
		if f.fatal {
			mark = "NO"
		}
		fmt.Fprintf(table, "%s\t%s\t%s", mark, f.what, f.found)
		if f.means != "" {
			fmt.Fprintf(table, "\t%s", f.means)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}
