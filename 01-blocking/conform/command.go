package conform

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Command is a server that runs as a process of its own.
type Command struct {
	URL string // where it listens

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process was waited for
	err   error         // how it ended; read it after ended is closed
	said  *lastWords
}

const (
	startWait    = 20 * time.Second       // a loaded machine starts a process slowly
	askAgain     = 20 * time.Millisecond  // between two looks whether the port answers
	childrenWait = 2 * time.Second        // for what a shell or a master started and left
	waitAfter    = 500 * time.Millisecond // for pipes that a grandchild keeps open
)

// stopWait is the time from TERM to KILL: a graceful stop may finish what it does. Tests shorten it.
var stopWait = 10 * time.Second

// Start runs a command and returns when it accepts connections: when it says on its standard error
// "listening on http://HOST:PORT", or, for servers that say nothing of the kind, when something answers at
// the address. An empty address means that only the line counts. What it writes to standard error goes to
// echo as well, if that is not nil. The command gets a process group of its own, so that Stop reaches what
// a shell started for it.
func Start(cmd *exec.Cmd, address string, echo io.Writer) (*Command, error) {
	c := &Command{cmd: cmd, ended: make(chan struct{}), said: &lastWords{echo: echo}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = waitAfter
	listening := make(chan string, 1)
	reader, writer := io.Pipe()
	cmd.Stderr = writer
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the server does not start: %w", err)
	}
	heard := make(chan struct{})
	go func() {
		c.said.listen(reader, listening)
		close(heard)
	}()
	go func() {
		if c.err = cmd.Wait(); errors.Is(c.err, exec.ErrWaitDelay) { // it ended well, and a child of it has its pipe
			c.err = nil
		}
		writer.Close()
		<-heard // its last words were kept
		close(c.ended)
	}()

	giveUp := time.After(startWait)
	look := time.NewTicker(askAgain)
	defer look.Stop()
	for {
		select {
		case c.URL = <-listening:
			return c, nil
		case <-c.ended:
			return nil, fmt.Errorf("the server ended before it listened (%s)%s", c.ending(), c.said)
		case <-giveUp:
			c.Stop()
			return nil, fmt.Errorf("the server did not listen within %v: it says so with a line \"listening on http://HOST:PORT\" on standard error, or by accepting at {addr}%s", startWait, c.said)
		case <-look.C:
			if address == "" {
				continue
			}
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
				c.URL = "http://" + address
				return c, nil
			}
		}
	}
}

// Ended is closed when the process is gone.
func (c *Command) Ended() <-chan struct{} { return c.ended }

// Said returns the last lines that it wrote to standard error, each after a line end.
func (c *Command) Said() string { return c.said.String() }

// Stop asks the server to stop (TERM) and kills it if it does not. It returns an error unless the server
// stopped by itself with status 0.
func (c *Command) Stop() error {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopWait):
		c.signal(syscall.SIGKILL)
		<-c.ended
		return fmt.Errorf("the server did not stop within %v of a TERM and was killed%s", stopWait, c.said)
	}
	c.stopChildren()
	if c.err != nil {
		return fmt.Errorf("the server ended with %s and not with status 0 on a TERM%s", c.ending(), c.said)
	}
	return nil
}

// stopChildren waits for what the process left behind in its group, and kills it when it stays.
func (c *Command) stopChildren() {
	for range childrenWait / askAgain {
		if syscall.Kill(-c.cmd.Process.Pid, 0) != nil { // nobody is left
			return
		}
		time.Sleep(askAgain)
	}
	c.signal(syscall.SIGKILL)
}

// signal reaches the process and its children, as they are a group.
func (c *Command) signal(s syscall.Signal) { syscall.Kill(-c.cmd.Process.Pid, s) }

func (c *Command) ending() string {
	var status *exec.ExitError
	if c.err == nil {
		return "exit status 0"
	}
	if errors.As(c.err, &status) {
		return status.ProcessState.String()
	}
	return c.err.Error()
}

// FreeAddress finds an address of this machine on which nothing listens. Somebody may take it before it is
// used; a command that picks a port itself is better asked for port 0.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("no free port at 127.0.0.1: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// lastWords reads a server's standard error and keeps the end of it.
type lastWords struct {
	echo  io.Writer
	mutex sync.Mutex
	lines []string
}

const keptLines = 8 // enough for an error and its reason

func (w *lastWords) listen(r io.Reader, listening chan<- string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			w.keep(strings.TrimRight(line, "\r\n"))
		}
		if _, after, found := strings.Cut(line, "listening on http://"); found {
			address, _, _ := strings.Cut(strings.TrimSpace(after), " ")
			select {
			case listening <- "http://" + strings.TrimSuffix(address, "/"):
			default: // it says it twice
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *lastWords) keep(line string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.lines) == keptLines {
		w.lines = w.lines[1:]
	}
	w.lines = append(w.lines, line)
	if w.echo != nil {
		fmt.Fprintln(w.echo, line)
	}
}

func (w *lastWords) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var all strings.Builder
	for _, line := range w.lines {
		all.WriteString("\n    " + line)
	}
	return all.String()
}
