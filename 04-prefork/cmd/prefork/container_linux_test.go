package main

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// An image is what the last stage of the container file says. The rest of the file is in build, the line that
// makes the program.
type image struct {
	from, user, expose, signal string
	copied                     []string // COPY's arguments
	entry, command             []string
	build                      string
	golang                     string // the image that builds
}

// readImage reads the container file, as far as ours goes: what it does not know is an error, so that nothing
// in the file is unread.
func readImage(t *testing.T) (i image) {
	t.Helper()
	text, err := os.ReadFile(deploy + "Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	list := func(text string) (words []string) {
		if err := json.Unmarshal([]byte(text), &words); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		return words
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		instruction, rest, _ := strings.Cut(line, " ")
		switch instruction {
		case "FROM":
			if name, stage, named := strings.Cut(rest, " AS "); named && stage == "build" {
				i.golang = name
			} else {
				i.from = rest
			}
		case "RUN":
			i.build = rest
		case "COPY":
			i.copied = append(i.copied, rest)
		case "USER":
			i.user = rest
		case "EXPOSE":
			i.expose = rest
		case "STOPSIGNAL":
			i.signal = rest
		case "ENTRYPOINT":
			i.entry = list(rest)
		case "CMD":
			i.command = list(rest)
		case "WORKDIR": // where the sources are while it is built
		default:
			t.Errorf("this test does not know %s", line)
		}
	}
	return i
}

// The parts of the file are of one piece: what is built is what is copied and started, where it listens is what
// is exposed, and the compiler is one that go.work asks for.
func TestTheContainerFileIsOfOnePiece(t *testing.T) {
	i := readImage(t)
	if !strings.Contains(i.build, " -o /prefork ") || !slices.Equal(i.copied, []string{". .", "--from=build /prefork /prefork"}) {
		t.Errorf("%s is built, and %v is copied", i.build, i.copied)
	}
	if len(i.entry) < 3 || i.entry[0] != "/prefork" || i.entry[1] != "-addr" || !strings.HasSuffix(i.entry[2], ":"+i.expose) {
		t.Errorf("%v is started, and %s exposed", i.entry, i.expose)
	}
	if i.from != "scratch" || i.user != "65534:65534" || i.signal != "SIGTERM" {
		t.Errorf("the image is %s, runs as %s and is stopped by %s", i.from, i.user, i.signal)
	}
	work, err := os.ReadFile("../../../go.work")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.QuoteMeta(strings.TrimPrefix(i.golang, "golang:"))
	if !regexp.MustCompile(`(?m)^go ` + version + `(\.\d+)?$`).Match(work) {
		t.Errorf("the image %s is to build what go.work says: %s", i.golang, work)
	}
}

// The image itself needs a container engine to be made. What an engine would run is run here by hand: the program
// that the file's own command builds, alone in a root directory, as process 1 of a process namespace and as the
// user of the file. It finds what engines provide, /proc and /dev/null, and nothing else. Its master answers
// through workers, and the first TERM ends it with status 0, although to process 1 the kernel delivers only
// signals that it has asked for (pid_namespaces(7)).
func TestTheContainersProgramRunsAlone(t *testing.T) {
	i := readImage(t)
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil { // for the user of the file
		t.Fatal(err)
	}
	run := exec.Command("sh", "-c", strings.Replace(i.build, "-o /prefork", "-o "+root+"/prefork", 1))
	run.Dir = "../../.." // COPY . . has brought the repository
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	needsNothing(t, root+"/prefork")
	for _, directory := range []string{"proc", "dev"} {
		if err := os.Mkdir(filepath.Join(root, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"/dev/null", nil, 0o666); err != nil {
		t.Fatal(err)
	}

	alone, user := []string{"--pid", "--fork", "--mount-proc"}, "65534"
	if os.Getuid() != 0 { // the user of this test is called so inside
		alone, user = append(alone, "--map-user=65534", "--map-group=65534"), fmt.Sprint(os.Getuid())
	}
	if said, err := exec.Command("unshare", append(alone, "true")...).CombinedOutput(); err != nil {
		t.Skipf("no namespaces can be made here (%v: %s): run this as root, or allow user namespaces, and have unshare of the package util-linux", err, said)
	}
	if os.Getuid() == 0 {
		alone = append(alone, "--setuid", "65534", "--setgid", "65534")
	}
	alone = append(alone, "--root="+root, "--wd=/")
	command := slices.Concat(alone, i.entry, i.command)
	command[slices.Index(command, i.entry[2])] = "127.0.0.1:0"
	container := exec.Command("unshare", command...)
	server, err := conform.Start(container, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if body := ask(t, strings.TrimPrefix(server.URL, "http://"), "/"); body != "Hello, World!" {
		t.Errorf("answered %q", body)
	}
	masters := children(t, container.Process.Pid)
	if len(masters) != 1 {
		t.Fatalf("the container's processes are %v", masters)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", masters[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`NSpid:.*\t1\n`, `Uid:\t` + user} {
		if !regexp.MustCompile(want).Match(status) {
			t.Errorf("the master is not process 1 as the user of the file: no %s in\n%s", want, status)
		}
	}
	if workers := children(t, masters[0]); len(workers) != 2 {
		t.Errorf("the workers are %v", workers)
	}
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
}

// needsNothing wants a program to need no libraries and no dynamic linker.
func needsNothing(t *testing.T, file string) {
	t.Helper()
	program, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs %v, %v", libraries, err)
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker")
		}
	}
}
