// Command frames shows what stands on the stack of a client that waits: function by function, innermost first,
// with the bytes that each one's frame takes.
//
//	frames -run 'bin/coroutines -addr {addr} -app comet'
//
// It starts the server, lets one client wait in /wait, ends the server with SIGABRT, and reads what the Go
// runtime then prints of that goroutine (GOTRACEBACK=system: with fp and sp, the two ends of each frame).
//
// What it does not do: it knows no other application. It shows what is in use while the client waits. How far down
// the stack has been before, which is what decides its size, package server's TestParkedStack measures.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/command"
)

// A frame is what one call takes of its stack.
type frame struct {
	function string
	size     int // bytes
}

// first is what a goroutine begins with (runtime/stack.go, stackMin).
const first = 2048

func main() {
	tool := command.NewTool("frames", "what stands on the stack of a client that waits")
	server := tool.String("run", "bin/coroutines -addr {addr} -app comet", "start the server with `COMMAND`; {addr} is where it is to listen")
	tool.Parse()
	frames, err := inspect(strings.Fields(strings.ReplaceAll(*server, "{addr}", "127.0.0.1:0")))
	if err != nil {
		tool.Failed(err)
	}
	sum := 0
	for _, f := range frames {
		fmt.Printf("%6d  %s\n", f.size, f.function)
		sum += f.size
	}
	fmt.Printf("%6d  bytes in use, of the %d that a goroutine begins with\n", sum, first)
}

// inspect runs a server with one waiting client, and returns the frames of that client's goroutine.
func inspect(command []string) ([]frame, error) {
	if len(command) == 0 {
		return nil, errors.New("-run: say how to start a server")
	}
	server := exec.Command(command[0], command[1:]...)
	server.Env = append(os.Environ(), "GOTRACEBACK=system")
	said, err := server.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	defer server.Wait()
	defer server.Process.Kill()
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	_, url, listens := strings.Cut(strings.TrimSpace(line), "listening on ")
	if !listens {
		return nil, fmt.Errorf("the server does not say where it listens, but %q: %w", line, err)
	}
	if err := park(url); err != nil {
		return nil, err
	}
	if err := server.Process.Signal(syscall.SIGABRT); err != nil {
		return nil, err
	}
	report, err := io.ReadAll(lines)
	if err != nil {
		return nil, err
	}
	return parse(string(report))
}

// park sends a client into /wait, and returns when the server counts it.
func park(url string) error {
	go http.Get(url + "/wait") // it ends with the server
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		answer, err := http.Get(url + "/")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(body) == "1" {
			return err
		}
	}
	return errors.New("the server does not count the client that waits")
}

var ends = regexp.MustCompile(` fp=0x([0-9a-f]+) sp=0x([0-9a-f]+)`)

// parse finds the goroutine that stands in the comet handler. Of each frame the runtime prints two lines: the
// function with its arguments, and where it stands, with the frame's ends. What was inlined has no frame of
// its own, and no second part.
func parse(report string) (frames []frame, err error) {
	for goroutine := range strings.SplitSeq(report, "\n\n") {
		if !strings.Contains(goroutine, "(*Comet).wait") {
			continue
		}
		lines := strings.Split(goroutine, "\n")
		for i, line := range lines[1:] {
			m := ends.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			top, _ := strconv.ParseUint(m[1], 16, 64) // the expression has let hexadecimal digits through only
			bottom, _ := strconv.ParseUint(m[2], 16, 64)
			name := lines[i] // the line before
			if arguments := strings.LastIndex(name, "("); arguments > 0 {
				name = name[:arguments]
			}
			frames = append(frames, frame{name[strings.LastIndex(name, "/")+1:], int(top - bottom)})
		}
		return frames, nil
	}
	return nil, errors.New("no goroutine of the server waits in the comet handler")
}
