package prefork

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is what supervision needs of the operating system, and no more: the seam at which a test puts
// a clock of its own and workers that exist on paper. What happens is told to the master on the goroutine
// that owns the state: of a worker by arrived, linkEnded and ended, in this order; of connections by
// accepted.
type machine interface {
	Now() time.Time
	After(d time.Duration, fn func()) (stop func())
	Post(fn func())

	// Spawn starts a worker. A connection other than 0 is what it is for, and is the machine's to close.
	Spawn(id WorkerID, name string, generation, connection int) (process, error)

	// Accept begins to accept, and GoOn has to follow each accepted. StopAccepting ends it, after the
	// queue if that is to be emptied, and then calls then.
	Accept()
	GoOn()
	StopAccepting(empty bool, then func())

	// Check asks whether the program on disk could take over, and calls then with nil if it can.
	Check(then func(error))

	// Exec becomes that program. It returns only when it failed, or when what came in meanwhile has made
	// it pointless: still says whether it has not.
	Exec(still func() bool, s func() (*state, error)) error

	// Adopt takes over a worker that the program before this one has started.
	Adopt(w workerState) (process, error)
}

// A process is one worker as its master has it.
type process interface {
	Pid() int
	Send(typ byte, payload []byte, descriptors []int) error // never waits
	Kill()

	Freeze() // stops the link; the master's linkFrozen tells when it stands still
	Thaw()
	Link() (linkState, error) // of a link that stands still
}

// exitStatus is how a process ended: by itself with a code, or by a signal.
type exitStatus struct {
	Code    int
	Signal  syscall.Signal // 0: by itself
	Unknown bool           // somebody else was told
}

func (s exitStatus) String() string {
	switch {
	case s.Unknown:
		return "unknown"
	case s.Signal != 0:
		return fmt.Sprintf("signal %d (%v)", int(s.Signal), s.Signal)
	}
	return "exit status " + strconv.Itoa(s.Code)
}

// eventQueue bounds what waits for the master: enough for every worker of a large machine to report at
// once. Beyond it the readers of the links wait, and then the workers' queues fill.
const eventQueue = 256

// system is the machine that this one is.
type system struct {
	master  *Master
	config  *Config
	program string // what workers run
	onDisk  string // what an upgrade runs
	events  chan func()
	done    chan struct{} // closed when the master has finished

	between chan struct{} // received from forward between two signals
	door    door          // where connections come in
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
	config.HangTimeout = cmp.Or(config.HangTimeout, DefaultHangTimeout)
	if config.Workers < 1 {
		return nil, fmt.Errorf("%d workers: ask for at least 1", config.Workers)
	}
	if config.Listener == 0 && config.Mode != Shared {
		return nil, errors.New("no listener: a master that accepts needs one")
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
	s := &system{config: config, program: program, onDisk: programOnDisk(),
		events: make(chan func(), eventQueue), done: make(chan struct{}), between: make(chan struct{})}
	if config.Mode != Shared {
		err = s.door.open()
	}
	return s, err
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
