package prefork

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/sock"
	"golang.org/x/sys/unix"
)

// The test binary plays all three parts: started by go test it is the test, started by a master it is a
// worker, and with masterVariable set it is a master, for the tests that end it by a signal.
const (
	roleVariable   = "C10K_TEST_ROLE"   // what the worker does
	masterVariable = "C10K_TEST_MASTER" // the number of workers of this master
)

// Frames between the tests and their workers.
const (
	typeEcho   = FirstApplicationType + iota // either way: the worker sends the payload back
	typeCrash                                // to the worker: exit with the status in the payload
	typeFlags                                // to the worker: tell of your listener; back: the answer
	typeHand                                 // to the worker, with a descriptor: write your name to it and close it
	typeLast                                 // to the test: the last word of a worker that drains
	typeSilent                               // to the worker: close your link and stay
)

func TestMain(m *testing.M) {
	if w, ok := Inherited(); ok {
		os.Exit(work(w))
	}
	if workers, err := strconv.Atoi(os.Getenv(masterVariable)); err == nil {
		os.Exit(masterProcess(workers))
	}
	os.Exit(m.Run())
}

// work is a worker that does what its role says.
func work(w *Worker) (exit int) {
	role := os.Getenv(roleVariable)
	switch {
	case role == "refuse", role == "refuse-second" && w.Generation == 2:
		return ExitCannotStart
	case role == "crash-early":
		return 7
	}
	w.OnConnection = func(fd int, early []byte) {
		unix.Write(fd, fmt.Appendf(nil, "%s %d %s", w.Name, os.Getpid(), early))
		unix.Close(fd)
	}
	if role == "hang" {
		w.OnPing = func(func()) {} // as a loop that never gets to it
	}
	if err := w.Ready(); err != nil {
		return 1
	}
	if w.Connection != 0 {
		w.OnConnection(w.Connection, nil)
		return 0
	}
	if role == "crash-ready" {
		w.Flush()
		return 7
	}
	drain, told := make(chan struct{}), func() {}
	if role != "stubborn" {
		told = func() { close(drain) }
	}
	if role != "deaf" {
		go func() {
			w.Run(func(typ byte, payload []byte, descriptors []int) { obey(w, typ, payload, descriptors) }, told)
			os.Exit(1)
		}()
	}
	if w.Listener != 0 && role == "serve" {
		return acceptUntil(w, drain)
	}
	<-drain
	w.Send(typeLast, []byte("one more thing"))
	w.Flush()
	return 0
}

func obey(w *Worker, typ byte, payload []byte, descriptors []int) {
	switch typ {
	case typeEcho:
		w.Send(typeEcho, payload)
	case typeCrash:
		os.Exit(int(payload[0]))
	case typeFlags:
		flags, _ := unix.FcntlInt(uintptr(w.Listener), unix.F_GETFL, 0)
		onExec, _ := unix.FcntlInt(uintptr(w.Listener), unix.F_GETFD, 0)
		linkOnExec, _ := unix.FcntlInt(linkDescriptor, unix.F_GETFD, 0)
		w.Send(typeFlags, fmt.Appendf(nil, "nonblock %v, cloexec %v %v",
			flags&unix.O_NONBLOCK != 0, onExec&unix.FD_CLOEXEC != 0, linkOnExec&unix.FD_CLOEXEC != 0 || linkOnExec <= 0))
	case typeHand:
		unix.Write(descriptors[0], []byte(w.Name))
		closeAll(descriptors)
	case typeSilent:
		w.link.end()
		select {} // the process stays, and its link is gone
	}
}

// acceptUntil answers every connection with this worker's name and process number, until drain.
func acceptUntil(w *Worker, drain <-chan struct{}) (exit int) {
	var pipe [2]int // what wakes the poll
	if err := unix.Pipe(pipe[:]); err != nil {
		return 1
	}
	go func() { <-drain; unix.Close(pipe[1]) }()
	for {
		ready := []unix.PollFd{{Fd: int32(w.Listener), Events: unix.POLLIN}, {Fd: int32(pipe[0]), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil {
			continue // EINTR
		}
		if ready[1].Revents != 0 {
			return 0
		}
		fd, _, err := unix.Accept(w.Listener)
		if err != nil {
			continue // another worker was faster
		}
		unix.Write(fd, fmt.Appendf(nil, "%s %d", w.Name, os.Getpid()))
		unix.Close(fd)
	}
}

// listen opens a listener on a free port, as the stage commands do.
func listen() (fd int, address string, err error) {
	listener, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{Backlog: 128})
	return int(listener), at.String(), err
}

// masterProcess is a master in a process of its own. It prints one line when its workers serve: the
// address, and then the workers' process numbers.
func masterProcess(workers int) (exit int) {
	fd, err := Listener(func() (int, error) {
		fd, _, err := listen()
		return fd, err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	at, err := sock.NonBlocking(fd).LocalAddr()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var master *Master
	return Run(Config{
		Workers:      workers,
		Listener:     fd,
		DrainTimeout: time.Minute,
		Log:          slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Application:  func(m *Master) Application { master = m; return nil },
		Serving: func() {
			line := at.String()
			for _, w := range master.inOrder() {
				line += " " + strconv.Itoa(w.process.Pid())
			}
			fmt.Println(line)
		},
	})
}

// whoAnswers connects and returns the name and the process number of the worker that answered.
func whoAnswers(address string) (name string, pid int, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "", 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil {
		return "", 0, err
	}
	name, number, _ := strings.Cut(strings.TrimSpace(string(answer[:n])), " ")
	pid, err = strconv.Atoi(number)
	return name, pid, err
}
