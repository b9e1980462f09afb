// Package engine serves HTTP in a prefork worker: it puts a concurrency model of an earlier stage on the
// listener that the worker inherited, on the connections that the master hands over, or on the only one that
// the process was started for, and follows the link: frames, drain, the master's death.
//
// A drain takes what waits in the listener's queue before it closes it. The master's question whether a
// worker hangs is answered by the scheduler's loop; threads have no loop, and there it is answered for the
// process only.
//
// What this package does not do: it starts no processes, and knows no application.
package engine

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
	"example.com/c10k/04-prefork/prefork"
)

// Config is what a worker's engine has to know.
type Config struct {
	Worker      *prefork.Worker
	Timeouts    serve.Timeouts
	DeferAccept bool // as the listener was opened
	Exclusive   bool // wake one worker for a connection, not all
	Alone       bool // no other worker accepts from this listener, or for the time of a reload only
	Log         *slog.Logger

	// DrainTime is how long a drain waits for what is under way before it cancels it. It is shorter than
	// the master's patience, so that cancelled requests can still be answered.
	DrainTime time.Duration

	// OnDrain is called on the scheduler when a drain begins, after the listener was closed; it may be nil.
	OnDrain func()

	// Application makes the handler of this process on its scheduler, and takes the application's frames
	// of the master, between two coroutines. onFrame may be nil.
	Application func(*coro.Scheduler) (handler http1.Handler, onFrame func(typ byte, payload []byte), err error)
}

// Coroutines runs the engine of stage 03 until the worker was drained, and returns the exit status.
func Coroutines(c Config) (exit int) {
	if err := coroutines(c); err != nil {
		c.Log.Error("the worker ends", "reason", err)
		return 1
	}
	return 0
}

func coroutines(c Config) error {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		return err
	}
	most, err := sock.ConnectionLimit()
	if err != nil {
		return err
	}
	kernel, err := system.New(poller)
	if err != nil {
		return err
	}
	defer kernel.End()
	scheduler := coro.New(kernel, coro.Options{})
	handler, onFrame, err := c.Application(scheduler)
	if err != nil {
		return err
	}
	s := &server.Server{
		Scheduler: scheduler,
		Options:   serve.Options{Handler: handler, Timeouts: c.Timeouts, Now: scheduler.Now, Log: c.Log},
		Most:      most,
		Shared:    true,
		Log:       c.Log,
	}
	if c.Worker.Listener != 0 {
		at, err := sock.NonBlocking(c.Worker.Listener).LocalAddr()
		if err != nil {
			return fmt.Errorf("the inherited listener: %w", err)
		}
		if c.Alone {
			s.Listener = scheduler.Inherit(c.Worker.Listener, at, c.DeferAccept)
		} else {
			s.Listener = scheduler.Share(c.Worker.Listener, at, c.DeferAccept, c.Exclusive)
		}
	}
	c.Worker.OnConnection = func(fd int, early []byte) {
		scheduler.Post(func() { s.Take(scheduler.Adopt(fd, early)) })
	}
	c.Worker.OnPing = scheduler.Post // a coroutine that does not give way keeps the answer back
	release := scheduler.Hold()      // the link's goroutine posts
	go func() {
		c.Worker.Run(func(typ byte, payload []byte, descriptors []int) {
			if onFrame != nil {
				scheduler.Post(func() { onFrame(typ, payload) })
			}
		}, func() {
			release()
			scheduler.Post(func() {
				s.Drain()
				if c.OnDrain != nil {
					c.OnDrain()
				}
			})
			time.AfterFunc(c.DrainTime, func() { scheduler.Post(scheduler.Stop) })
		})
		os.Exit(1) // the master is gone
	}()
	var failed error
	err = scheduler.Run(func() {
		if failed = c.Worker.Ready(); failed == nil {
			failed = s.Serve()
		}
	})
	if err == nil {
		err = failed
	}
	if s.Listener != nil {
		c.herd(s.Listener.Accepted, s.Listener.Empty)
	}
	if err == nil {
		err = c.Worker.Flush()
	}
	return err
}

// herd says at the end how many wake-ups were for nothing: all workers that wait for one listener are woken,
// and one of them is first.
func (c *Config) herd(accepted, empty int) {
	c.Log.Info("worker is done", "accepted", accepted, "woken-for-nothing", empty)
}
