package wall

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/trace"
)

// A Silence is a load: some clients connect and say nothing, then others connect and ask for one answer each.
type Silence struct {
	Threads bool          // a thread each; otherwise one connection at a time
	Timeout time.Duration // the server's header time-out; 0: never
	Silent  int           // clients that say nothing, at least 1
	Others  int           // clients that ask, at least 1

	// Patience is how long the others wait before the silent ones give up and leave. It ends early when all
	// are served. With a Timeout nobody leaves, and it is not used.
	Patience time.Duration
}

// A SilenceResult is what became of the others.
type SilenceResult struct {
	Meanwhile int           // others that were answered while a silent client was connected
	Served    int           // others that were answered in the end
	Shortest  time.Duration // that a silent client kept the server, from accept to close
	First     time.Duration // the other that waited least, from its connect to its answer's first byte
	Last      time.Duration // and the one that waited most
	Recording *trace.Recording
}

// Run starts a server, puts the load on it, and stops it.
func (s Silence) Run() (*SilenceResult, error) {
	clients := s.Silent + s.Others
	if needed := 2*clients + sock.Reserved; sock.DescriptorLimit() < needed { // both ends are in this process
		return nil, fmt.Errorf("%w for %d clients: raise the limit, as with ulimit -n %d", ErrDescriptors, clients, needed)
	}
	r := trace.New(time.Now, 0)
	running, err := startHello(s.Threads, serve.Timeouts{Header: s.Timeout}, r)
	if err != nil {
		return nil, err
	}
	served, err := s.load(running.address, r)
	recording := r.Recording(s.String())
	if stopped := running.stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return nil, err
	}
	return s.result(served, recording), nil
}

func (s Silence) String() string {
	model, timeout := "one connection at a time", "no time-out"
	if s.Threads {
		model = "a thread each"
	}
	if s.Timeout != 0 {
		timeout = fmt.Sprintf("time-out %v", s.Timeout)
	}
	return fmt.Sprintf("%s, %s: %d silent, %d others", model, timeout, s.Silent, s.Others)
}

// load runs the clients, one after another, and returns how many were answered.
func (s Silence) load(address string, r *trace.Recorder) (served int, err error) {
	clients := make([]net.Conn, 0, s.Silent+s.Others)
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	for i := range s.Silent + s.Others {
		c, err := net.DialTimeout("tcp", address, bound)
		if err != nil {
			return 0, err
		}
		r.Connect()
		clients = append(clients, c)
		if i < s.Silent {
			continue
		}
		if _, err := c.Write([]byte(request)); err != nil {
			return 0, err
		}
	}
	silent, waiting := clients[:s.Silent], clients[s.Silent:]

	if s.Timeout == 0 {
		until := time.Now().Add(s.Patience)
		for len(waiting) > 0 {
			err := greeted(waiting[0], until)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return served, err
			}
			served, waiting = served+1, waiting[1:]
		}
		for _, c := range silent { // and they leave
			c.(*net.TCPConn).CloseWrite()
		}
	}
	until := time.Now().Add(time.Duration(s.Silent)*s.Timeout + bound)
	for _, c := range waiting {
		if err := greeted(c, until); err != nil {
			return served, fmt.Errorf("a client was not answered although nobody is silent any more: %w", err)
		}
		served++
	}
	for _, c := range silent { // the server closes a connection after it has recorded that it does
		c.SetReadDeadline(until)
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			return served, fmt.Errorf("a client that said nothing got %d bytes and %w, and not the end of the stream", n, err)
		}
	}
	return served, nil
}

// result reads the recording. The first lanes are the silent clients'.
func (s Silence) result(served int, recording *trace.Recording) *SilenceResult {
	found := &SilenceResult{Served: served, Recording: recording, Shortest: recording.End, First: recording.End}
	lanes := recording.Lanes()
	var left time.Duration
	for _, silent := range lanes[:s.Silent] {
		left = max(left, silent.Closed)
		found.Shortest = min(found.Shortest, silent.Closed-silent.Accepted)
	}
	for _, other := range lanes[s.Silent : s.Silent+s.Others] {
		if other.Answered < left {
			found.Meanwhile++
		}
		wait := other.Answered - min(other.Connected, other.Answered)
		found.First, found.Last = min(found.First, wait), max(found.Last, wait)
	}
	return found
}
