package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/http1"
)

// A control is a server to compare with, in a process of its own.
type control struct {
	name string
	addr string
	app  string
	spin time.Duration // computed away in each request

	deferAccept bool // of floor and nginx: TCP_DEFER_ACCEPT, and a read right after accept
}

// controls are the servers by their names, and what else than hello each can serve.
var controls = []struct {
	name  string
	serve func(*control) error
	apps  []string
}{
	{"floor", (*control).floor, []string{"hello", "comet"}},
	{"net-http", (*control).netHTTP, []string{"hello", "comet", "faults"}},
	{"nginx", (*control).nginx, []string{"hello"}},
	{"nchan", (*control).nchan, []string{"comet"}},
	{"node", (*control).node, []string{"hello", "comet"}},
}

func controlNames() (names []string) {
	for _, c := range controls {
		names = append(names, c.name)
	}
	return names
}

func (c *control) serve() error {
	at := slices.Index(controlNames(), c.name)
	if at < 0 {
		return fmt.Errorf("%w: -server %s: choose %s", errUsage, c.name, strings.Join(controlNames(), " or "))
	}
	if apps := controls[at].apps; !slices.Contains(apps, c.app) {
		return fmt.Errorf("%w: -app %s: with -server %s choose %s", errUsage, c.app, c.name, strings.Join(apps, " or "))
	}
	return controls[at].serve(c)
}

// work is what a request costs beside being served: nothing, or a deliberate loss of CPU time. The clock is
// this thread's own, so that what is lost does not depend on who else wants the processor.
func (c *control) work() {
	if c.spin == 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for until := threadTime() + c.spin; threadTime() < until; {
	}
}

func threadTime() time.Duration {
	var used unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used); err != nil {
		return time.Duration(time.Now().UnixNano()) // no system that this builds for lacks it
	}
	return time.Duration(used.Nano())
}

// netHTTP is Go's own server, with the same applications written for it.
func (c *control) netHTTP() error {
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w: choose another -addr", err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.work()
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("Hello, World!"))
	})
	switch c.app {
	case "comet":
		handler = (&netComet{}).serve
	case "faults":
		handler = netFaults
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go http.Serve(listener, handler)
	command.Listening(listener.Addr().(*net.TCPAddr).AddrPort())
	<-told
	return nil
}

// netComet is comet on net/http: a goroutine and a channel for each waiter.
type netComet struct {
	sync.Mutex
	waiters []chan int
}

func (c *netComet) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	c.Lock()
	n := len(c.waiters)
	switch r.URL.Path {
	case "/wait":
		woken := make(chan int, 1)
		c.waiters = append(c.waiters, woken)
		c.Unlock()
		n = <-woken
	case "/notify":
		for _, waiter := range c.waiters {
			waiter <- n
		}
		c.waiters = nil
		c.Unlock()
	default:
		c.Unlock()
	}
	w.Write(strconv.AppendInt(nil, int64(n), 10))
}

// netFaults lets a handler of ours cause its faults on net/http.
func netFaults(w http.ResponseWriter, r *http.Request) {
	answer := app.Faults(&http1.Request{Method: []byte(r.Method), Target: []byte(r.RequestURI), Minor: 1})
	w.Header().Set("Content-Type", answer.Type)
	if answer.Status != 0 {
		w.WriteHeader(answer.Status)
	}
	w.Write(answer.Body)
}
