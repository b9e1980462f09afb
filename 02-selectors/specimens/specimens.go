// Package specimens holds two servers that fail under load, kept for study.
//
// They are the two of document 002, rebuilt in Go and in our own words with their faults kept. Their author
// could not make either work with both ab and wrk, and did not know why. [Faults] lists why: what a client
// sees, what causes it, and what mends it. Each fault has a test that shows it with a client of a few lines,
// every time, and shows that the server of package loop does not have it.
//
// hasty answers before it has read the request. forgetful reads it, and forgets that it meant to close. Both
// share a listener among several loops; the original's are processes, here they are goroutines, as the
// faults need several pollers and nothing else.
//
// What this package does not do: it is no server to use, it cannot be stopped but by ending the process, and
// nothing of it is repaired here. The repaired one is package loop.
package specimens

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// Names are the specimens that New makes.
var Names = []string{"hasty", "forgetful"}

// Options are what a specimen may be told.
type Options struct {
	Workers int    // loops that share the listener; 0: one
	Poller  string // see poll.New; empty: the best that this system has

	// Passive sets the socket option that the original of hasty set, by mistake. Where it is forbidden, as
	// it is to an ordinary user on Linux, New fails: see the fault debug-option.
	Passive bool

	// Answer is the body of forgetful's answers; nil: "ok". hasty answers its process's number.
	Answer []byte

	// Complain is told what forgetful prints and then goes on; nil: nobody. Any worker may call it.
	Complain func(error)
}

// A Server is a specimen with its workers.
type Server struct {
	listener sock.Blocking
	workers  []*worker
}

// New listens at addr (HOST:PORT) and says where that is.
func New(name, addr string, o Options) (*Server, netip.AddrPort, error) {
	if name != "hasty" && name != "forgetful" {
		return nil, netip.AddrPort{}, fmt.Errorf("no specimen is called %q: choose hasty or forgetful", name)
	}
	listener, at, err := listen(addr, o.Passive)
	if err != nil {
		return nil, at, err
	}
	s := &Server{listener: listener}
	for range max(1, o.Workers) {
		w, err := newWorker(name, listener, o)
		if err != nil {
			s.close()
			return nil, at, err
		}
		s.workers = append(s.workers, w)
	}
	return s, at, nil
}

// backlog is what the originals asked for: 100, and Python's default of at most 128.
const backlog = 100

// aiPassive is what the original passed for the name of a socket option. It is no such name: AI_PASSIVE
// tells getaddrinfo(3) that an address is to be bound to. As an option of a socket the same number, 1, is
// SO_DEBUG, which Linux lets only CAP_NET_ADMIN set (socket(7)).
const aiPassive = 1

// listen opens a listener in blocking mode, which is the mode of every new socket.
//
// Fault debug-option: see aiPassive. Whoever tries the server as root does not notice. Mended in sock.Listen:
// it sets no option that it has no reason for.
func listen(addr string, passive bool) (sock.Blocking, netip.AddrPort, error) {
	listener, at, err := sock.ListenBlocking(addr, sock.Options{Backlog: backlog})
	if err != nil || !passive {
		return listener, at, err
	}
	if err := unix.SetsockoptInt(int(listener), unix.SOL_SOCKET, aiPassive, 1); err != nil {
		listener.Close()
		return -1, at, fmt.Errorf("setsockopt(SOL_SOCKET, AI_PASSIVE, 1), which is SO_DEBUG: %w: leave the option out", err)
	}
	return listener, at, nil
}

// Run runs the workers until the last of them has ended, and returns what ended them. It never returns nil.
func (s *Server) Run() error {
	defer s.close()
	ends := make([]error, len(s.workers))
	var running sync.WaitGroup
	for i, w := range s.workers {
		running.Go(func() {
			ends[i] = fmt.Errorf("worker %d ended: %w", i+1, w.run())
			w.close()
		})
	}
	running.Wait()
	return errors.Join(ends...)
}

func (s *Server) close() {
	for _, w := range s.workers {
		w.close()
	}
	if s.listener >= 0 {
		s.listener.Close()
	}
	s.workers, s.listener = nil, -1
}

func newWorker(name string, listener sock.Blocking, o Options) (*worker, error) {
	poller, err := poll.New(o.Poller)
	if err != nil {
		return nil, err
	}
	w := &worker{selector: selector{poller: poller, callbacks: map[int]callback{}}, listener: listener}
	switch name {
	case "hasty":
		w.admit = hasty{w}.admit
	case "forgetful":
		w.admit = forgetful{w, o.Answer}.admit
		w.survive = func(err error) {
			if o.Complain != nil {
				o.Complain(err)
			}
		}
	}
	if err := w.register(int(listener), poll.Read, w.accept); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}
