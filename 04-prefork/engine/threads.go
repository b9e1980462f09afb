package engine

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/strand"
	"golang.org/x/sys/unix"
)

// mostThreads bounds a worker's connections: the Go runtime ends a program that has 10,000 threads
// (runtime/debug.SetMaxThreads), and needs some for itself.
const mostThreads = 9000

// Threads runs an OS thread for each connection until the worker was drained, and returns the exit
// status. The application's handler is made for the model of stage 01; Config.Application, which is for
// coroutines, is not used.
//
// Stage 01's threads block in accept and read, and hear nobody there. A worker has to hear its master, so
// these wait in poll(2) instead, for their socket and for the stop. A process that was started for one
// connection serves that one here too, and ends with it. A handler that waits in a channel
// still hears nobody: what it holds is cut off when DrainTime is over.
func Threads(c Config, application func(strand.Model) (http1.Handler, error)) (exit int) {
	if err := runThreads(c, application); err != nil {
		c.Log.Error("the worker ends", "reason", err)
		return 1
	}
	return 0
}

func runThreads(c Config, application func(strand.Model) (http1.Handler, error)) error {
	model := &blocking.Threads{}
	handler, err := application(model)
	if err != nil {
		return err
	}
	most, err := sock.ConnectionLimit()
	if err != nil {
		return err
	}
	stopped, stop, err := sock.Pair()
	if err != nil {
		return err
	}
	t := &threads{
		model:    model,
		listener: -1,
		stopped:  stopped,
		most:     int64(min(most, mostThreads)),
		log:      c.Log,
		begun:    make(chan struct{}),
		ended:    make(chan struct{}, 1),
	}
	t.options = serve.Options{Handler: handler, Timeouts: c.Timeouts, Now: model.Now, Log: c.Log, Draining: t.draining}
	if c.Worker.Listener != 0 {
		t.listener = sock.NonBlocking(c.Worker.Listener)
	}
	c.Worker.OnConnection = func(fd int, early []byte) { t.take(sock.NonBlocking(fd), early) }
	go func() {
		c.Worker.Run(func(byte, []byte, []int) {}, func() { t.drain(stop) })
		os.Exit(1) // the master is gone
	}()
	if err := c.Worker.Ready(); err != nil {
		return err
	}
	if only := c.Worker.Connection; only != 0 {
		t.start(sock.NonBlocking(only), nil)
		t.await(t.begun)
	} else if err := t.accept(); err != nil {
		return err
	}
	t.finish(c.DrainTime)
	if c.Worker.Listener != 0 {
		c.herd(t.accepted, t.empty)
	}
	return c.Worker.Flush()
}

// threads is a server whose every wait can be ended.
type threads struct {
	model    strand.Model
	options  serve.Options
	listener sock.NonBlocking // -1: none, and poll(2) does not ask for it
	stopped  sock.NonBlocking // readable, by its end of file, when the drain has begun
	most     int64
	log      *slog.Logger

	begun chan struct{} // closed when the drain has begun
	open  atomic.Int64  // connections
	ended chan struct{} // has room for one notice that a connection ended

	accepted, empty int // connections, and wake-ups that found nothing: see Config.herd
}

// accept accepts until the drain begins.
func (t *threads) accept() error {
	for {
		for t.open.Load() >= t.most && !t.draining() { // leave what comes to the other workers
			select {
			case <-t.ended:
			case <-t.begun:
			}
		}
		_, stopping, err := wait(t.listener, unix.POLLIN, t.stopped, time.Time{})
		if err != nil {
			return err
		}
		if stopping {
			t.acceptQueued()
			return nil
		}
		c, err := t.listener.Accept() // one, as the other workers were woken too
		switch {
		case err == nil:
			t.accepted++
			t.start(c, nil)
		case err == sock.ErrAgain:
			t.empty++
		case errors.Is(err, sock.ErrNoDescriptors):
			t.log.Warn("no descriptor is left for a new connection: raise the limit (ulimit -n)", "error", err)
			// The connection stays queued, and to ask again at once would be a spin.
			wait(-1, 0, t.stopped, time.Now().Add(pause))
		case err != sock.ErrAborted:
			return err
		}
	}
}

// pause is how long to leave the listener alone when there is no descriptor for a connection.
const pause = 100 * time.Millisecond

// acceptQueued takes what waits in the listener's queue: if this is the last worker, nobody else will, and
// the end of the listener would reset it. It takes a backlog's worth and no more than it can hold: under a
// load that never ends, the queue never does either.
func (t *threads) acceptQueued() {
	for n := 0; t.listener >= 0 && n < sock.DefaultBacklog && t.open.Load() < t.most; n++ {
		c, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.start(c, nil)
	}
}

// take serves a connection that the master has handed over. The master does not know how many this process
// can hold; one too many is told so. The thread for that is one of those left to the runtime.
func (t *threads) take(c sock.NonBlocking, early []byte) {
	if t.open.Load() < t.most {
		t.start(c, early)
		return
	}
	t.open.Add(1)
	t.model.Go("turning a connection away", func() {
		defer t.done(c)
		now, date := t.model.Now(), http1.Date{}
		answer := http1.AppendResponse(nil, http1.Framing{Minor: 1, Close: true}, &serve.Full, date.At(now))
		(&stream{fd: c, threads: t}).Send(answer, now.Add(time.Second))
	})
}

func (t *threads) start(c sock.NonBlocking, early []byte) {
	t.open.Add(1)
	t.model.Go("connection", func() {
		defer t.done(c)
		lent := serve.Buffers{}
		serve.Connection(&stream{fd: c, threads: t, early: early}, &lent, &t.options)
	})
}

func (t *threads) done(c sock.NonBlocking) {
	c.Close()
	t.open.Add(-1)
	select {
	case t.ended <- struct{}{}:
	default:
	}
}

// drain closes the far end of the pair that all threads wait for: they see it together.
func (t *threads) drain(stop sock.NonBlocking) {
	close(t.begun)
	stop.Close()
}

func (t *threads) draining() bool {
	select {
	case <-t.begun:
		return true
	default:
		return false
	}
}

// finish closes the listener and waits for the connections that are left, and not longer than d.
func (t *threads) finish(d time.Duration) {
	if t.listener >= 0 {
		t.listener.Close()
	}
	late := make(chan struct{})
	defer time.AfterFunc(d, func() { close(late) }).Stop()
	t.await(late)
}

// await waits for the end of all connections, or for something else.
func (t *threads) await(other <-chan struct{}) {
	for t.open.Load() > 0 {
		select {
		case <-t.ended:
		case <-other:
			return
		}
	}
}
