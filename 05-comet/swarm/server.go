package swarm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// A ServerProcess is a server that was started for a run.
type ServerProcess struct {
	URL string // as it said itself

	command *exec.Cmd
	text    string // the command, for messages
	ended   chan struct{}
	status  error // of Wait; good once ended is closed
}

const (
	// ListenTimeout is how long a server may take until it says that it listens.
	ListenTimeout = 10 * time.Second

	// StopTimeout is how long it may take to stop after TERM, until it is killed.
	StopTimeout = 10 * time.Second
)

// Every command of this workspace says so when it accepts connections.
var listening = regexp.MustCompile(`^listening on (http://[^ ]+)`)

// StartServer starts a server and waits until it prints "listening on http://HOST:PORT" on its standard
// error; all else it prints there goes to messages. The command is divided at spaces, without a shell, and
// {addr} in it becomes 127.0.0.1:0, so that the server picks a port. The server does not get what a
// terminal sends to its foreground (^C): its end is [ServerProcess.Stop]. A swarm that is itself killed by
// KILL cannot stop it, and leaves it running.
func StartServer(ctx context.Context, command string, messages io.Writer) (*ServerProcess, error) {
	words := strings.Fields(strings.ReplaceAll(command, "{addr}", "127.0.0.1:0"))
	if len(words) == 0 {
		return nil, fmt.Errorf("%w: the server's command is empty: give for instance -serve 'bin/comet -addr {addr}'", ErrUsage)
	}
	s := &ServerProcess{command: exec.Command(words[0], words[1:]...), text: strings.Join(words, " "), ended: make(chan struct{})}
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := s.command.StderrPipe()
	if err == nil {
		err = s.command.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot start the server: %w: is it built (make build)?", err)
	}
	found := make(chan string, 1)
	go s.listen(stderr, messages, found)
	timer := time.NewTimer(ListenTimeout)
	defer timer.Stop()
	select {
	case s.URL = <-found:
		return s, nil
	case <-s.ended:
		err = fmt.Errorf("the server ended (%s) before it listened: run it by hand: %s", s.command.ProcessState, s.text)
	case <-timer.C:
		err = fmt.Errorf("the server did not print \"listening on http://HOST:PORT\" within %v: run it by hand: %s", ListenTimeout, s.text)
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.kill()
	return nil, err
}

// listen passes on what the server prints, finds the one line in it, and waits for its end.
func (s *ServerProcess) listen(stderr io.Reader, messages io.Writer, found chan<- string) {
	lines := bufio.NewReader(stderr) // a longer line than its buffer is passed on in pieces
	for {
		line, err := lines.ReadSlice('\n')
		if match := listening.FindSubmatch(line); match != nil && found != nil {
			found <- strings.TrimSpace(string(match[1]))
			found = nil
		} else {
			messages.Write(line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	s.status = s.command.Wait()
	close(s.ended)
}

// PID is the server's first process.
func (s *ServerProcess) PID() int { return s.command.Process.Pid }

// Stop sends TERM and waits until the server has ended. Anything but exit status 0 is an error.
func (s *ServerProcess) Stop() error {
	select {
	case <-s.ended:
		return fmt.Errorf("the server ended by itself (%s) before it was stopped: %s", s.command.ProcessState, s.text)
	default:
	}
	s.command.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(StopTimeout)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		s.kill()
		return fmt.Errorf("the server did not stop within %v after TERM, and was killed: %s", StopTimeout, s.text)
	}
	if s.status != nil {
		return fmt.Errorf("the server did not stop well after TERM (%w): %s", s.status, s.text)
	}
	return nil
}

// MeasureWhole enters what the server's whole life cost, from its start to its end, into a result that has
// no measurement, on systems where nothing can be measured meanwhile. It comes after Stop.
func (s *ServerProcess) MeasureWhole(r *Result) {
	if state := s.command.ProcessState; state != nil && r.Server == nil {
		r.Server = &Server{User: state.UserTime().Seconds(), System: state.SystemTime().Seconds()}
		r.Note += "; its CPU is of its whole life, start and stop included"
	}
}

// kill ends the server and its workers at once.
func (s *ServerProcess) kill() {
	syscall.Kill(-s.PID(), syscall.SIGKILL) // the whole group: see Setpgid
	<-s.ended
}
