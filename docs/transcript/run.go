package transcript

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	// commandLimit is how long a single command may take. A chapter's reader waits for it too, and half a
	// minute is much; the rest is for machines that do other things at the same time.
	commandLimit = 2 * time.Minute

	// startLimit is how long a server may take to say that it listens.
	startLimit = 15 * time.Second

	ready = "listening on"

	// fetching begins what go prints while it fetches a module: once on each machine, and then never again.
	fetching = "go: downloading "
)

// done ends each command's output. No command prints it, because no chapter mentions it.
const done = "\x01transcript-done"

// Run runs the commands of steps in one bash in a directory and returns them with what they print. servers
// are commands that are started first and shown to nobody: what the chapter told its reader to start
// before. An error is about the running, not about an exit status: a command that fails prints why.
func Run(ctx context.Context, directory string, servers []string, steps []Step) ([]Step, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("transcripts are run on Unix: use WSL or a container")
	}
	ports, err := freePorts(servers, steps)
	if err != nil {
		return nil, err
	}
	shell, err := start(ctx, directory)
	if err != nil {
		return nil, err
	}
	defer shell.stop()
	for _, command := range servers {
		if _, err := shell.serve(ports.there(command)); err != nil {
			return nil, err
		}
	}
	printed := slices.Clone(steps)
	for i, s := range steps {
		run := shell.run
		if s.Server() {
			run = shell.serve
		}
		output, err := run(ports.there(strings.TrimSuffix(s.Command, " &")))
		if err != nil {
			return nil, fmt.Errorf("$ %s: %w", s.Command, err)
		}
		printed[i].Output = ports.back(strings.TrimRight(output, "\n"))
	}
	return printed, nil
}

// A shell is one bash. Commands go to its input; what it and they print comes back line by line.
type shell struct {
	process *exec.Cmd
	input   io.WriteCloser
	printed chan string // of commands
	served  chan string // of servers
	files   []*os.File
}

func start(ctx context.Context, directory string) (*shell, error) {
	s := &shell{process: exec.CommandContext(ctx, "bash", "--norc", "--noprofile"),
		printed: make(chan string, 1024), served: make(chan string, 1024)}
	s.process.Dir = directory
	s.process.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=dumb", "COLUMNS=100")
	group(s.process)
	s.process.Cancel = func() error { endGroup(s.process); return nil }
	input, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.input = input
	output, err := s.pipe(s.printed, false)
	if err != nil {
		return nil, err
	}
	servers, err := s.pipe(s.served, true)
	if err != nil {
		return nil, err
	}
	s.process.Stdout, s.process.Stderr = output, output
	s.process.ExtraFiles = []*os.File{servers} // descriptor 3
	err = s.process.Start()
	output.Close()
	servers.Close()
	return s, err
}

// pipe returns the end to write to; its lines arrive in a channel, which is closed at the end of file. With
// drop, lines that nobody takes are lost when the channel is full, so that a server that talks much does
// not stop in its write.
func (s *shell) pipe(lines chan<- string, drop bool) (*os.File, error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, from)
	go func() {
		defer close(lines)
		for reader := bufio.NewReader(from); ; {
			line, err := reader.ReadString('\n')
			switch {
			case line == "":
			case drop:
				select {
				case lines <- line:
				default:
				}
			default:
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	return to, nil
}

// run runs one command to its end. The command reads from /dev/null, because bash's own input is the
// script; its status is put back after the mark, so that a chapter may go on with "echo $?".
func (s *shell) run(command string) (string, error) {
	fmt.Fprintf(s.input, "{ %s\n} </dev/null 3>&-; status=$?; printf '%s\\n'; (exit $status)\n", command, done)
	return s.until(s.printed, done, commandLimit, "did not end")
}

// serve starts a server and waits until it says that it listens; what it said so far is returned.
func (s *shell) serve(command string) (string, error) {
	for len(s.served) > 0 {
		<-s.served // what the servers before have said since
	}
	fmt.Fprintf(s.input, "%s </dev/null >&3 2>&3 3>&- &\n", command)
	return s.until(s.served, ready, startLimit, "did not say that it is "+ready)
}

// until collects lines to the one that contains mark. The line itself belongs to a server's output, and
// what stands before the mark to a command's, whose last line may have no end.
func (s *shell) until(lines <-chan string, mark string, limit time.Duration, complaint string) (string, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var output strings.Builder
	for {
		select {
		case line, ok := <-lines:
			before, _, found := strings.Cut(line, mark)
			switch {
			case strings.HasPrefix(line, fetching):
				continue
			case found && mark == done:
				return output.String() + before, nil
			case found:
				return output.String() + line, nil
			}
			output.WriteString(line)
			if !ok {
				return "", fmt.Errorf("the shell ended; it said %q", output.String())
			}
		case <-timer.C:
			return "", fmt.Errorf("%s within %v; it said %q", complaint, limit, output.String())
		}
	}
}

// stop asks the servers to end, waits for them and for bash, and ends whoever is left.
func (s *shell) stop() {
	io.WriteString(s.input, "kill $(jobs -p) 2>/dev/null; wait\n")
	s.input.Close()
	timer := time.AfterFunc(startLimit, func() { endGroup(s.process) })
	for s.printed != nil || s.served != nil {
		select {
		case _, ok := <-s.printed:
			if !ok {
				s.printed = nil
			}
		case _, ok := <-s.served:
			if !ok {
				s.served = nil
			}
		}
	}
	timer.Stop()
	s.process.Wait()
	for _, f := range s.files {
		f.Close()
	}
}

// A ports table maps the addresses that a chapter shows to those that are free here.
type ports map[string]string

var address = regexp.MustCompile(`127\.0\.0\.1:([1-9]\d{1,4})\b`)

// freePorts finds a free address for each that the commands name.
func freePorts(servers []string, steps []Step) (ports, error) {
	found := ports{}
	commands := slices.Clone(servers)
	for _, s := range steps {
		commands = append(commands, s.Command)
	}
	for _, command := range commands {
		for _, shown := range address.FindAllString(command, -1) {
			if found[shown] != "" {
				continue
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, fmt.Errorf("no free port for %s: %w", shown, err)
			}
			defer listener.Close() // at the end, so that no two get the same
			found[shown] = listener.Addr().String()
		}
	}
	return found, nil
}

func (p ports) there(text string) string {
	return address.ReplaceAllStringFunc(text, func(shown string) string { return p[shown] })
}

func (p ports) back(text string) string {
	for shown, real := range p {
		text = strings.ReplaceAll(text, real, shown)
	}
	return text
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
