package prefork

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// What a worker inherits: these numbers, and the environment that says so.
const (
	linkDescriptor = 3
	nextDescriptor = 4 // the listener or the connection, if there is one

	nameVariable       = "C10K_WORKER"     // "worker-3"; its presence makes a process a worker
	generationVariable = "C10K_GENERATION" // "1"
	listenerVariable   = "C10K_LISTENER"   // "4", or "0" for none
	connectionVariable = "C10K_CONNECTION" // "4", or "0" for none
)

// Spawn starts a worker, and two goroutines that end with it: one writes its link, one reads it and then
// reaps it.
func (s *system) Spawn(id WorkerID, name string, generation, connection int) (process, error) {
	next, closeNext, err := s.nextFor(connection)
	if err != nil {
		return nil, err
	}
	defer closeNext()
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	inherited := []*os.File{os.NewFile(uintptr(theirs), "link")}
	defer inherited[0].Close()
	listener, connected := 0, 0
	if next != nil {
		inherited = append(inherited, next)
		if listener = nextDescriptor; connection != 0 {
			listener, connected = 0, nextDescriptor
		}
	}
	command := exec.Command(s.program, s.config.Args...)
	command.ExtraFiles = inherited // numbers 3 and up
	command.Env = append(append(os.Environ(), s.config.Env...),
		nameVariable+"="+name,
		generationVariable+"="+strconv.Itoa(generation),
		listenerVariable+"="+strconv.Itoa(listener),
		connectionVariable+"="+strconv.Itoa(connected))
	command.Args[0] = os.Args[0] // what ps shows
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	// In a process group of its own, ^C at the terminal reaches the master and not the worker, which
	// would otherwise be gone before it could drain (setpgid(2)).
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	link, err := newLink(ours)
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		link.end()
		return nil, err
	}
	c := &child{system: s, id: id, link: link, process: command.Process}
	go c.follow()
	return c, nil
}

// nextFor is the file that a worker inherits beside its link: the connection that it is for, or the
// listener where workers accept.
func (s *system) nextFor(connection int) (next *os.File, done func(), err error) {
	switch {
	case connection != 0:
		next = os.NewFile(uintptr(connection), "connection")
	case s.config.Mode == Shared && s.config.Listener != 0:
		// A copy that lives until the worker has its own: os.NewFile enters a non-blocking descriptor in
		// the Go runtime's poller, which would otherwise wake the master for every connection.
		copied, err := unix.FcntlInt(uintptr(s.config.Listener), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, nil, fmt.Errorf("a copy of the listener: %w", err)
		}
		next = os.NewFile(uintptr(copied), "listener")
	default:
		return nil, func() {}, nil
	}
	return next, func() { next.Close() }, nil
}

// Adopt takes over a worker that the program before this one has started. It is our child still: exec
// replaces a program, and not the process (execve(2)).
func (s *system) Adopt(w workerState) (process, error) {
	found, err := os.FindProcess(w.Pid)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", w.Pid, err)
	}
	c := &child{system: s, id: w.ID, process: found}
	if w.Ended {
		go c.reap()
		return c, nil
	}
	if c.link, err = resumeLink(w.Link.Descriptor, w.Link.Input, w.Link.Queue); err != nil {
		return nil, err
	}
	go c.follow()
	return c, nil
}

// child is a process of this machine.
type child struct {
	system  *system
	id      WorkerID
	link    *link // nil: it had ended before this program took over
	process *os.Process
}

// follow reads a worker's link to its end and then reaps the worker.
func (c *child) follow() {
	s := c.system
	err := c.link.receive(func(f frame) { s.Post(func() { s.master.arrived(c.id, f) }) })
	if errors.Is(err, errFrozen) {
		c.link.still()
		s.Post(func() { s.master.linkFrozen(c.id) })
		return
	}
	c.link.end()
	if err == io.EOF {
		err = nil
	}
	s.Post(func() { s.master.linkEnded(c.id, err) })
	c.reap()
}

// reap waits for this process and no other: wait4 with -1 would take the exit status of children that are
// not ours. A status that the program before this one has taken, and could not hand down, is unknown.
func (c *child) reap() {
	state, err := c.process.Wait()
	status := exitStatus{Unknown: err != nil}
	if err == nil {
		status.Code = state.ExitCode()
		if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
			status.Signal = wait.Signal()
		}
	}
	c.system.Post(func() { c.system.master.ended(c.id, status) })
}

func (c *child) Pid() int { return c.process.Pid }

// Kill is harmless after the end: package os knows whether the number is still this process's.
func (c *child) Kill() { c.process.Kill() }

func (c *child) Send(typ byte, payload []byte, descriptors []int) error {
	if c.link == nil {
		closeAll(descriptors)
		return ErrLinkEnded
	}
	return c.link.send(typ, payload, descriptors)
}

func (c *child) Freeze() { c.link.freeze() }

func (c *child) Thaw() {
	c.link.thaw()
	go c.follow()
}

func (c *child) Link() (linkState, error) { return c.link.state() }
