package specimens

import (
	"time"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// A selector is a poller that remembers whom to call, in the manner of Python's module selectors, on which
// the originals stand.
type selector struct {
	poller    poll.Poller
	callbacks map[int]callback
	events    [64]poll.Event
	wakes     int // how often the poller reported something
}

// A callback is told that its descriptor is ready.
type callback func(ready poll.Interest) error

// register says what is wanted of a descriptor and whom to call, in place of what was said before.
func (s *selector) register(fd int, want poll.Interest, call callback) error {
	s.callbacks[fd] = call
	return s.poller.Set(fd, want)
}

func (s *selector) unregister(fd int) {
	delete(s.callbacks, fd)
	s.poller.Set(fd, 0)
}

// A worker is one loop over one poller. The listener it shares with all other workers.
type worker struct {
	selector
	listener sock.Blocking
	admit    func(sock.NonBlocking) error // registers a new connection: what the two specimens differ in
	survive  func(error)                  // is told what a callback failed of; nil: the worker ends of it
}

func (w *worker) run() error {
	for {
		events, err := w.look(-1)
		if err == nil {
			err = w.call(events)
		}
		if err != nil {
			return err
		}
	}
}

// look asks who is ready. The events are lent until the next look.
func (w *worker) look(d time.Duration) ([]poll.Event, error) {
	n, err := w.poller.Wait(w.events[:], d)
	if n > 0 {
		w.wakes++
	}
	return w.events[:n], err
}

// call calls everybody back who is ready.
//
// Fault dead-worker, in hasty: an error of one connection is not caught, so it ends the loop and with it all
// the other connections of this worker. Mended in loop by leave: what goes wrong with a connection ends that
// connection.
func (w *worker) call(events []poll.Event) error {
	for _, event := range events {
		call := w.callbacks[int(event.FD)]
		if call == nil { // unregistered by an earlier callback of this batch
			continue
		}
		err := call(event.Ready)
		if err == nil {
			continue
		}
		if w.survive == nil {
			return err
		}
		w.survive(err)
	}
	return nil
}

// accept takes one connection.
//
// Fault sleeping-worker, in both: the listener blocks, and it is shared. One new connection makes it
// readable for every worker; all of them call accept, one gets the connection, and the others sleep here
// until the next one comes, while clients that they have accepted before wait for their answers. "It is
// ready" was true when the poller said it. Mended in loop by a listener in non-blocking mode, where those
// who come too late get ErrAgain.
//
// Fault accept-spin: when no descriptor is left, accept fails, the connection stays in the queue, and the
// listener stays readable. forgetful prints the error and is woken again at once, for ever (hasty ends).
// Mended in loop by a limit on connections below that of descriptors, and a descriptor in reserve.
func (w *worker) accept(poll.Interest) error {
	accepted, err := w.listener.Accept()
	if err != nil {
		return err
	}
	connection, err := sock.AdoptNonBlocking(int(accepted))
	if err != nil {
		return err
	}
	return w.admit(connection)
}

// drop ends a connection.
func (w *worker) drop(c sock.NonBlocking) error {
	w.unregister(int(c))
	return c.Close()
}

// close ends the worker and all its connections, as the end of its process would. The listener is shared,
// and stays.
func (w *worker) close() {
	if w.callbacks == nil {
		return
	}
	for fd := range w.callbacks {
		w.poller.Set(fd, 0)
		if fd != int(w.listener) {
			sock.NonBlocking(fd).Close()
		}
	}
	w.callbacks = nil
	w.poller.Close()
}
