package load

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

// Parent and child speak in lines of JSON: the child's input has the options and then one more line, which
// is the word to go; its output has one line when all are ready and one with the report. A child whose input
// ends, because its parent is gone, ends too.

// childVariable marks a process as the clients of a load.
const childVariable = "C10K_LOAD_CHILD"

// IsChild tells whether this process was started by [Start]. Then the program calls [Child] and exits with
// what it returns, before it looks at its command line.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// A line is what a child says.
type line struct {
	Ready  bool
	Report *Report
	Error  string
}

// Child is the whole life of a process of clients. It returns the exit status.
func Child(in io.Reader, out io.Writer) int {
	signal.Ignore(syscall.SIGINT) // ^C reaches everybody; the parent decides, and we end with our input
	orders := json.NewDecoder(bufio.NewReader(in))
	lines := json.NewEncoder(out)
	var o Options
	if err := orders.Decode(&o); err != nil {
		fmt.Fprintln(os.Stderr, "load: a process of clients is started by bench, with its orders on its standard input")
		return 2
	}
	if err := run(o, &boss{orders: orders, lines: lines}); err != nil {
		lines.Encode(line{Error: err.Error()})
		return 1
	}
	return 0
}

// A boss is the parent of this process.
type boss struct {
	orders *json.Decoder
	lines  *json.Encoder
	heard  bool // somebody reads our orders, and ends this process with them
}

func (b *boss) ready(s *coro.Scheduler, goOn strand.Waiter) {
	b.heard = true
	s.Hold() // for ever: the end of our input is the end of this process
	go func() {
		for word := new(bool); b.orders.Decode(word) == nil; {
			s.Post(goOn.Wake)
		}
		os.Exit(0) // the parent is gone, or wants nothing more
	}()
	b.lines.Encode(line{Ready: true})
}

// done holds everything as it is until the parent has looked at the server: to close ten thousand connections
// costs it something.
func (b *boss) done(r *Report) {
	b.lines.Encode(line{Report: r})
	if b.heard {
		select {}
	}
}

// A Process is clients that are ready.
type Process struct {
	command *exec.Cmd
	orders  io.WriteCloser
	lines   *json.Decoder
	options Options
	failed  *Report // of clients that did not get ready
	end     sync.Once
}

// Start starts this program again as a process of clients, and waits until each has had its first answers.
// Clients that fail meanwhile are no error: Go reports them. The process inherits the processors that the
// calling thread may use. Close ends it, in any case.
func Start(o Options) (*Process, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("load: cannot find this program's own file, to start the clients: %w", err)
	}
	p := &Process{command: exec.Command(program), options: o}
	p.command.Env = append(os.Environ(), childVariable+"=1")
	p.command.Stderr = os.Stderr // it says nothing there, unless it panics
	if p.orders, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	reports, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("load: cannot start the clients: %w", err)
	}
	p.lines = json.NewDecoder(bufio.NewReader(reports))
	json.NewEncoder(p.orders).Encode(o)
	l, err := p.next(2 * gathering)
	if err != nil {
		p.Close()
		return nil, err
	}
	p.failed = l.Report
	return p, nil
}

// Go lets the clients run, once, and returns what they saw.
func (p *Process) Go() (*Report, error) {
	if p.failed != nil {
		return p.failed, nil
	}
	json.NewEncoder(p.orders).Encode(true)
	l, err := p.next(p.options.Time + 2*patience)
	if err == nil && l.Report == nil {
		err = errors.New("load: the clients ended without a report")
	}
	return l.Report, err
}

// next waits for a line, for some time at most.
func (p *Process) next(limit time.Duration) (l line, err error) {
	killer := time.AfterFunc(limit, func() { p.command.Process.Kill() })
	defer killer.Stop()
	if err := p.lines.Decode(&l); err != nil {
		return l, fmt.Errorf("load: the process of clients says nothing (%w): look above for its last words", err)
	}
	if l.Error != "" {
		return l, fmt.Errorf("load: the clients: %s", l.Error)
	}
	return l, nil
}

// Close ends the clients and their connections, and waits until they are gone.
func (p *Process) Close() {
	p.end.Do(func() {
		p.orders.Close()
		killer := time.AfterFunc(patience, func() { p.command.Process.Kill() })
		defer killer.Stop()
		p.command.Wait()
	})
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
