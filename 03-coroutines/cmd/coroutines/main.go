// Command coroutines serves stage 03: a coroutine for each connection, on one thread. It is flags and signals; the
// server is package server, the scheduler below it package coro, and the applications are those of stage 01.
// With -app nethttp it serves a mux of net/http's (nethttp.go), some of it on the loop and some off it.
//
// TERM and INT drain and stop, a second one stops at once; QUIT prints what every coroutine waits for.
//
// What this command does not do: it uses one core. For more of them see stage 04.
package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

// drainTime is how long a stop waits for requests that are under way.
const drainTime = 10 * time.Second

func main() {
	flags := command.New("a coroutine for each connection: stage 03", append(app.Names, muxName), true)
	name := flags.String("poller", poll.Names()[0], "ask the kernel with `NAME`: "+strings.Join(poll.Names(), ", "))
	flags.Parse()
	poll.KeepPlace()

	poller, err := poll.New(*name)
	if err != nil {
		flags.Misused("%v", err)
	}
	most, err := sock.ConnectionLimit()
	if err != nil {
		flags.Failed(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		flags.Failed(err)
	}
	defer kernel.End()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	scheduler := coro.New(kernel, options(flags.App, log))
	listener, err := scheduler.Listen(flags.Addr, coro.ListenOptions{Backlog: flags.Backlog, DeferAccept: flags.DeferAccept})
	if err != nil {
		flags.Failed(err)
	}
	handler := newMux(scheduler)
	if flags.App != muxName {
		if handler, err = app.New(flags.App, scheduler); err != nil {
			flags.Failed(err)
		}
	}
	s := &server.Server{
		Scheduler: scheduler,
		Listener:  listener,
		Options:   serve.Options{Handler: handler, Timeouts: flags.Timeouts, Now: scheduler.Now, Log: log},
		Most:      min(most, poll.Most(*name)-sock.Reserved),
		Log:       log,
	}
	command.OnStop(func() {
		scheduler.Post(s.Drain)
		time.AfterFunc(drainTime, func() { scheduler.Post(scheduler.Stop) })
	})
	onQuit(func() { scheduler.Post(func() { printTasks(scheduler.Tasks()) }) })
	var failed error
	err = scheduler.Run(func() {
		command.Listening(listener.At()) // said by the coroutine that accepts, so a QUIT that comes at once finds it
		failed = s.Serve()
	})
	if err != nil {
		flags.Failed(err)
	}
	if failed != nil {
		flags.Failed(failed)
	}
}

// slow is how long a coroutine may keep the thread before the log names it. A person begins to notice a
// tenth of a second.
const slow = 100 * time.Millisecond

// options are a scheduler's. A handler of net/http may wait although it runs on the loop, and faults are
// there to do so; with them the watchdog looks on. It costs two looks at the clock for each switch, which
// the others, that are known not to wait, are spared.
func options(application string, log *slog.Logger) coro.Options {
	if application != muxName && application != "faults" {
		return coro.Options{}
	}
	return coro.Options{Slow: slow, OnSlow: func(name string, took time.Duration) {
		log.Warn("a coroutine kept the thread to itself, and nobody else was served", "name", name, "for", took)
	}}
}

// onQuit calls report at every QUIT, and the server goes on. (Without this the Go runtime would print all
// stacks and end.)
func onQuit(report func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT)
	go func() {
		for range signals {
			report()
		}
	}()
}

// printTasks says who waits for what: a line for each name and reason, and how many they are.
func printTasks(tasks []coro.Task) {
	type kind struct{ name, verb string }
	count, longest := map[kind]int{}, map[kind]time.Duration{}
	for _, t := range tasks {
		verb, _, _ := strings.Cut(t.Why, " fd ")
		k := kind{t.Name, verb}
		count[k]++
		longest[k] = max(longest[k], t.For)
	}
	kinds := slices.SortedFunc(maps.Keys(count), func(a, b kind) int { return cmp.Or(count[b]-count[a], strings.Compare(a.name, b.name)) })
	fmt.Fprintf(os.Stderr, "%d coroutines\n", len(tasks))
	for _, k := range kinds {
		fmt.Fprintf(os.Stderr, "\t%d × %s, waiting for %s, up to %v\n", count[k], k.name, k.verb, longest[k].Round(time.Millisecond))
	}
}
