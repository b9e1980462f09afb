package prefork

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Worker is this process, when a master has started it. Its order of business: Inherited, first thing
// in main; whatever it needs to serve; Ready; accept. Run goes on beside it on a goroutine of its own.
type Worker struct {
	Name       string // "worker-3", unique in the master's life
	Generation int    // 1 and up
	Listener   int    // the shared listener, non-blocking, or 0
	Connection int    // the only connection that this process is for (EachConnection), non-blocking, or 0

	// OnConnection is called on Run's goroutine with each connection that the master hands over: it is this
	// process's own, non-blocking, and early is what was read from it already. Set it before Run.
	OnConnection func(descriptor int, early []byte)

	// OnPing is called on Run's goroutine when the master asks whether this worker still runs, and has
	// answer called, once, where requests are served: what hangs there must not answer. nil: Run answers
	// itself, which tells only that the process is not stopped. Set it before Run.
	OnPing func(answer func())

	link       *link
	terminated chan os.Signal // SIGTERM
}

// Inherited takes over what the master handed down. ok is false in a process that no master started. Call
// it once, before the program opens or starts anything: the inherited descriptors are not yet marked
// close-on-exec, and the environment still says "worker" to whoever inherits it.
func Inherited() (w *Worker, ok bool) {
	if os.Getenv(upgradeVariable) != "" {
		listenForSignals() // this is a master, and has been one before
	}
	name := os.Getenv(nameVariable)
	if name == "" {
		return nil, false
	}
	if _, err := unix.GetsockoptInt(linkDescriptor, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return nil, false // the variable was set by hand, and this number is somebody else's
	}
	w = &Worker{Name: name, terminated: make(chan os.Signal, 1)}
	w.Generation, _ = strconv.Atoi(os.Getenv(generationVariable))
	w.Listener, _ = strconv.Atoi(os.Getenv(listenerVariable))
	w.Connection, _ = strconv.Atoi(os.Getenv(connectionVariable))
	for _, variable := range []string{nameVariable, generationVariable, listenerVariable, connectionVariable} {
		os.Unsetenv(variable)
	}
	unix.CloseOnExec(linkDescriptor)
	if next := w.Listener + w.Connection; next != 0 { // one of them
		unix.CloseOnExec(next)
	}
	var err error
	if w.link, err = newLink(linkDescriptor); err != nil {
		return nil, false
	}
	// The terminal's hang-up and a signal for a whole process group are the master's business.
	signal.Ignore(unix.SIGINT, unix.SIGHUP)
	signal.Notify(w.terminated, unix.SIGTERM) // from here on it is remembered until Run
	if runtime.GOOS == "linux" {
		// The program was started as /proc/self/exe, so top would call it "exe". If this fails, it does.
		os.WriteFile("/proc/self/comm", []byte(w.Name), 0)
	}
	return w, true
}

// Ready tells the master that this worker serves from now on. Only then may it Send.
func (w *Worker) Ready() error { return w.link.send(typeReady, nil, nil) }

// Send sends a frame to the master's Application; any goroutine may. The type is FirstApplicationType to
// LastApplicationType, the payload at most MaxPayload bytes; it is copied. Send never waits, so that it
// may be called on a loop: when LinkQueue bytes wait already it returns ErrLinkFull, and nothing was
// sent. ErrLinkEnded: the master is gone, and Run has returned or is about to.
func (w *Worker) Send(typ byte, payload []byte) error {
	mustBeApplicationType(typ)
	return w.link.send(typ, payload, nil)
}

// Run reads the link until it ends, which it does when the master is gone. Then the process has to end
// as well, at once:
//
//	go func() { w.Run(onFrame, onDrain); os.Exit(1) }()
//
// onFrame is called with each frame in order, on Run's goroutine; payload and descriptors are its own.
// While it does not return nothing is read, and a master whose queue for this worker fills up kills it.
//
// onDrain is called once, on the same goroutine, when the master says so: accept nothing more, finish what
// is in hand, Flush, exit 0. SIGTERM, which a container or service manager may send to everybody, is told to
// the master, which then says so: so no connection is on its way to a worker that has stopped to take any.
func (w *Worker) Run(onFrame func(typ byte, payload []byte, descriptors []int), onDrain func()) error {
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-w.terminated:
			w.link.send(typeLeaving, nil, nil) // if that fails the link has ended, and Run returns
		case <-over:
		}
	}()
	err := w.link.receive(func(f frame) {
		switch {
		case f.typ == typeDrain:
			onDrain()
		case f.typ == typePing:
			w.pinged()
		case f.typ == typeConnection && len(f.descriptors) == 1 && w.OnConnection != nil:
			w.take(f.descriptors[0], f.payload)
		case f.typ >= FirstApplicationType:
			onFrame(f.typ, f.payload, f.descriptors)
		default: // what it asks for is not known here
			closeAll(f.descriptors)
		}
	})
	w.link.end()
	if errors.Is(err, io.EOF) {
		return ErrLinkEnded
	}
	return err
}

// take takes a connection over. The master must know before the connection is served: a worker that dies
// in between has read nothing of it, and another one can serve it; in the other order a request might be
// served twice.
func (w *Worker) take(descriptor int, early []byte) {
	err := w.link.send(typeTaken, nil, nil)
	if err == nil {
		err = w.link.flush()
	}
	if err != nil { // the master is gone, and this process is about to be
		unix.Close(descriptor)
		return
	}
	w.OnConnection(descriptor, early)
}

func (w *Worker) pinged() {
	answer := func() { w.link.send(typePong, nil, nil) }
	if w.OnPing != nil {
		w.OnPing(answer)
		return
	}
	answer()
}

// Flush waits until everything that was sent is on its way, so that it arrives although this process
// exits. It returns ErrLinkEnded if there is nobody to send to.
func (w *Worker) Flush() error { return w.link.flush() }
