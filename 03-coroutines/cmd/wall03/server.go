package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

// roleVariable tells a process of this program what it serves as: threads, coroutines, or offload, which are
// coroutines that do what is slow off the loop.
const roleVariable = "C10K_WALL03"

// beServer serves if this process was started to; then it does not return.
func beServer() {
	role := os.Getenv(roleVariable)
	if role == "" {
		return
	}
	command.OnStop(func() { os.Exit(0) }) // nothing here is worth a graceful end
	var err error
	if role == "threads" {
		err = serveThreads()
	} else {
		err = serveCoroutines(role == "offload")
	}
	tool.Failed(err)
}

func serveThreads() error {
	l, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		return err
	}
	room, err := sock.ConnectionLimit()
	if err != nil {
		return err
	}
	model := &blocking.Threads{}
	s := &blocking.Server{Listener: l, Most: room, Model: model,
		Options: serve.Options{Handler: application(model, app.Faults), Now: time.Now}}
	command.Listening(at)
	return s.Serve()
}

func serveCoroutines(offloading bool) error {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		return err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return err
	}
	room, err := sock.ConnectionLimit()
	if err != nil {
		return err
	}
	scheduler := coro.New(kernel, coro.Options{})
	listener, err := scheduler.Listen("127.0.0.1:0", coro.ListenOptions{})
	if err != nil {
		return err
	}
	faults := app.Faults
	if offloading {
		faults = offTheLoop(scheduler, app.Faults)
	}
	s := &server.Server{Scheduler: scheduler, Listener: listener, Most: room,
		Options: serve.Options{Handler: application(scheduler, faults), Now: scheduler.Now}}
	command.Listening(listener.At())
	return scheduler.Run(func() { s.Serve() })
}

// application is the faults with the comet beside them, so that somebody waits when they come. /used is how
// much processor time this process has used, in microseconds.
func application(m strand.Model, faults http1.Handler) http1.Handler {
	comet := app.NewComet(m)
	return func(r *http1.Request) *http1.Response {
		switch string(r.Path()) {
		case "/", "/wait", "/notify":
			return comet.Handle(r)
		case "/used":
			var u unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
				return nil
			}
			return &http1.Response{Body: strconv.AppendInt(nil, (u.Utime.Nano()+u.Stime.Nano())/1e3, 10)}
		}
		return faults(r)
	}
}

// offTheLoop runs a handler on ordinary goroutines. The request is lent until the first wait, which this is:
// so what the handler reads of it is copied.
func offTheLoop(s *coro.Scheduler, h http1.Handler) http1.Handler {
	return func(r *http1.Request) *http1.Response {
		kept := http1.Request{Method: slices.Clone(r.Method), Target: slices.Clone(r.Target)}
		var answer *http1.Response
		if err := s.Offload(func() { answer = h(&kept) }); err != nil {
			return &http1.Response{Status: 503, Close: true} // the client has left, or the handler panicked
		}
		return answer
	}
}

// start starts a server, with as many cores for its Go code as there are askers.
func start(role string) (*conform.Command, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), roleVariable+"="+role, fmt.Sprintf("GOMAXPROCS=%d", askers))
	return conform.Start(child, "", nil)
}

// startAll starts n servers of a role. stopAll ends them, also those that have crashed.
func startAll(role string, n int) (servers []*conform.Command, stopAll func(), err error) {
	stopAll = func() {
		for _, s := range servers {
			s.Stop()
		}
	}
	for range n {
		s, err := start(role)
		if err != nil {
			stopAll()
			return nil, nil, err
		}
		servers = append(servers, s)
	}
	return servers, stopAll, nil
}

func address(s *conform.Command) string { return strings.TrimPrefix(s.URL, "http://") }
