// Package command is what the commands have in common: the flags that every stage's server understands, the line
// that says where it listens, and how a mistake is told: one line, no stack, exit status 2 for a wrong
// flag and 1 for anything else.
//
// What this package does not do: it opens no socket and starts no server.
package command

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"example.com/c10k/01-blocking/serve"
)

// Flags are what all stages understand. Stages add their own to the FlagSet before Parse.
type Flags struct {
	Tool
	Addr        string
	App         string
	Backlog     int  // connections that the kernel holds until they are accepted
	DeferAccept bool // TCP_DEFER_ACCEPT: a connection is accepted with its first bytes
	Timeouts    serve.Timeouts
	apps        []string
}

// largestBacklog is what listen(2) takes as an int; the kernel cuts it down to net.core.somaxconn.
const largestBacklog = 1 << 16

// New declares the common flags for a command. The first of the apps is the default.
func New(summary string, apps []string, deferAccept bool) *Flags {
	f := &Flags{Tool: NewTool(filepath.Base(os.Args[0]), summary), apps: apps}
	f.StringVar(&f.Addr, "addr", "127.0.0.1:8080", "listen on `HOST:PORT`; port 0 picks one")
	f.App = apps[0]
	if len(apps) > 1 {
		f.StringVar(&f.App, "app", apps[0], "serve `NAME`: "+strings.Join(apps, ", "))
	}
	f.IntVar(&f.Backlog, "backlog", 4096, "the kernel holds `N` connections that wait to be accepted")
	f.BoolVar(&f.DeferAccept, "defer-accept", deferAccept, "let the kernel keep a connection until its first bytes arrive (Linux)")
	d := serve.DefaultTimeouts
	f.DurationVar(&f.Timeouts.Header, "header-timeout", d.Header, "a request's head must have arrived within `TIME`; 0: never mind")
	f.DurationVar(&f.Timeouts.Request, "request-timeout", d.Request, "a whole request must have arrived within `TIME`; 0: never mind")
	f.DurationVar(&f.Timeouts.Write, "write-timeout", d.Write, "an answer must be taken within `TIME`; 0: never mind")
	f.DurationVar(&f.Timeouts.Idle, "idle-timeout", d.Idle, "a connection may be idle for `TIME`; 0: for ever")
	return f
}

// Parse reads the command line, checks what is common, and ends the process if something is wrong.
func (f *Flags) Parse() {
	f.Tool.Parse()
	if !slices.Contains(f.apps, f.App) {
		f.Misused("-app %s is unknown here: choose one of %s", f.App, strings.Join(f.apps, ", "))
	}
	Between(f.Tool, "backlog", f.Backlog, 1, largestBacklog)
	t := f.Timeouts
	if min(t.Header, t.Request, t.Write, t.Idle) < 0 {
		f.Misused("a time-out below zero: 0 means never")
	}
	if _, _, err := net.SplitHostPort(f.Addr); err != nil {
		f.Misused("-addr %s: write HOST:PORT, as in 127.0.0.1:8080", f.Addr)
	}
	if f.App == "faults" && !f.Loopback() {
		f.Misused("-app faults on %s: it crashes on request, so it is served on loopback only (127.0.0.1)", f.Addr)
	}
}

// Loopback tells whether only this machine can reach the address.
func (f *Flags) Loopback() bool {
	host, _, _ := net.SplitHostPort(f.Addr)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Listening prints the line that people and programs wait for.
func Listening(at netip.AddrPort) {
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", at)
}

// OnStop calls stop in a goroutine of its own at the first TERM or INT, and ends the process with
// status 1 at the second.
func OnStop(stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		go stop()
		<-signals
		os.Exit(1)
	}()
}
