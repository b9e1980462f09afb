package prefork

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is what supervision needs of the operating system, and no more: the seam at which a test puts
// a clock of its own and workers that exist on paper. What happens to a worker is told to the master by
// arrived, linkEnded and ended, in this order, on the goroutine that owns the state.
type machine interface {
	Spawn(id WorkerID, name string, generation int) (process, error)
	Now() time.Time
	After(d time.Duration, fn func()) (stop func())
	Post(fn func())
}

// A process is one worker as its master has it.
type process interface {
	Pid() int
	Send(typ byte, payload []byte, descriptors []int) error // never waits
	Kill()
}

// exitStatus is how a process ended: by itself with a code, or by a signal.
type exitStatus struct {
	Code   int
	Signal syscall.Signal // 0: by itself
}

func (s exitStatus) String() string {
	if s.Signal != 0 {
		return fmt.Sprintf("signal %d (%v)", int(s.Signal), s.Signal)
	}
	return "exit status " + strconv.Itoa(s.Code)
}

// What a worker inherits: these numbers, and the environment that says so.
const (
	linkDescriptor     = 3
	listenerDescriptor = 4

	nameVariable       = "C10K_WORKER"     // "worker-3"; its presence makes a process a worker
	generationVariable = "C10K_GENERATION" // "1"
	listenerVariable   = "C10K_LISTENER"   // "4", or "0" for none
)

// eventQueue bounds what waits for the master: enough for every worker of a large machine to report at
// once. Beyond it the readers of the links wait, and then the workers' queues fill.
const eventQueue = 256

// system is the machine that this one is.
type system struct {
	master   *Master
	config   *Config
	program  string // what workers run
	events   chan func()
	done     chan struct{} // closed when the master has finished
	listener int           // 0: none
}

// newSystem checks a configuration and fills in what it leaves open.
func newSystem(config *Config) (*system, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Args == nil {
		config.Args = os.Args[1:]
	}
	config.DrainTimeout = cmp.Or(config.DrainTimeout, DefaultDrainTimeout)
	config.StartTimeout = cmp.Or(config.StartTimeout, DefaultStartTimeout)
	if config.Workers < 1 {
		return nil, fmt.Errorf("%d workers: ask for at least 1", config.Workers)
	}
	if config.Listener != 0 {
		flags, err := unix.FcntlInt(uintptr(config.Listener), unix.F_GETFL, 0)
		if err != nil {
			return nil, fmt.Errorf("the listener, descriptor %d: %w", config.Listener, err)
		}
		if flags&unix.O_NONBLOCK == 0 {
			return nil, errors.New("the listener is in blocking mode: make it non-blocking, or a worker that loses the race for a connection hangs in accept")
		}
	}
	program, err := programPath()
	if err != nil {
		return nil, err
	}
	return &system{config: config, program: program, listener: config.Listener,
		events: make(chan func(), eventQueue), done: make(chan struct{})}, nil
}

// programPath names the program that workers run. On Linux it is the file that runs already, even when
// another has been put in its place meanwhile, so that one master never has workers of two versions.
func programPath() (string, error) {
	const running = "/proc/self/exe"
	if runtime.GOOS == "linux" {
		if _, err := os.Stat(running); err == nil {
			return running, nil
		}
	}
	return os.Executable()
}

func (s *system) Now() time.Time { return time.Now() }

func (s *system) Post(fn func()) {
	select {
	case s.events <- fn:
	case <-s.done:
	}
}

func (s *system) After(d time.Duration, fn func()) (stop func()) {
	stopped := false // belongs to the state's goroutine: the time may have come while fn waits its turn
	timer := time.AfterFunc(d, func() {
		s.Post(func() {
			if !stopped {
				fn()
			}
		})
	})
	return func() { stopped = true; timer.Stop() }
}

// Spawn starts a worker, and two goroutines that end with it: one writes its link, one reads it and then
// reaps it.
func (s *system) Spawn(id WorkerID, name string, generation int) (process, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	inherited := []*os.File{os.NewFile(uintptr(theirs), "link")}
	defer func() {
		for _, file := range inherited {
			file.Close()
		}
	}()
	link, err := newLink(ours)
	if err != nil {
		return nil, err
	}
	number := 0
	if s.listener != 0 {
		// A copy that lives until the worker has its own: os.NewFile enters a non-blocking descriptor in
		// the Go runtime's poller, which would otherwise wake the master for every connection.
		copied, err := unix.FcntlInt(uintptr(s.listener), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			link.end()
			return nil, fmt.Errorf("a copy of the listener: %w", err)
		}
		inherited = append(inherited, os.NewFile(uintptr(copied), "listener"))
		number = listenerDescriptor
	}
	command := exec.Command(s.program, s.config.Args...)
	command.Args[0] = os.Args[0] // what ps shows
	command.Env = append(append(os.Environ(), s.config.Env...),
		nameVariable+"="+name,
		generationVariable+"="+strconv.Itoa(generation),
		listenerVariable+"="+strconv.Itoa(number))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.ExtraFiles = inherited // numbers 3 and up
	// In a process group of its own, ^C at the terminal reaches the master and not the worker, which
	// would otherwise be gone before it could drain (setpgid(2)).
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		link.end()
		return nil, err
	}
	go s.follow(id, link, command)
	return &child{link, command.Process}, nil
}

// follow reads a worker's link to its end and then reaps the worker. It waits for this process and no
// other: wait4 with -1 would take the exit status of children that are not ours.
func (s *system) follow(id WorkerID, link *link, command *exec.Cmd) {
	err := link.receive(func(f frame) { s.Post(func() { s.master.arrived(id, f) }) })
	link.end()
	if err == io.EOF {
		err = nil
	}
	s.Post(func() { s.master.linkEnded(id, err) })

	command.Wait() // its error is the status again
	status := exitStatus{Code: command.ProcessState.ExitCode()}
	if wait, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		status.Signal = wait.Signal()
	}
	s.Post(func() { s.master.ended(id, status) })
}

// child is a process of this machine.
type child struct {
	*link
	*os.Process
}

func (c *child) Pid() int { return c.Process.Pid }

func (c *child) Send(typ byte, payload []byte, descriptors []int) error {
	return c.link.send(typ, payload, descriptors)
}

// Kill is harmless after the end: package os knows whether the number is still this process's.
func (c *child) Kill() { c.Process.Kill() }
