package main

import (
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/sock"
)

// A channel is a channel of numbers that crosses processes: a socket pair. Whoever has the descriptor of one
// end can send, in whatever process it is: a child that inherited it, or one that was handed it. It blocks a
// thread, so it is for threads.
type channel struct{ sender, receiver sock.Blocking }

func newChannel() (channel, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return channel{}, err
	}
	c := channel{sender: sock.Blocking(pair[0]), receiver: sock.Blocking(pair[1])}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	return c, nil
}

// Send sends a number. There is room: a channel is sent to once.
func (c channel) Send(n int) error {
	_, err := c.sender.Write(strconv.AppendInt(nil, int64(n), 10))
	return err
}

// Recv waits for a number.
func (c channel) Recv() (int, error) {
	var b [20]byte
	for {
		n, err := c.receiver.Read(b[:])
		switch err {
		case sock.ErrInterrupted:
		case nil:
			return strconv.Atoi(string(b[:n]))
		default:
			return 0, err
		}
	}
}

func (c channel) close() {
	c.sender.Close()
	c.receiver.Close()
}

// A comet is package app's with the other channel. Compare: nothing else has changed, and the list of waiters
// is a variable of one process, as it was.
type comet struct {
	sync.Mutex
	waiters []channel
}

func (c *comet) handle(r *http1.Request) *http1.Response {
	switch string(r.Path()) {
	case "/wait":
		news, err := newChannel()
		if err != nil {
			return nil
		}
		defer news.close()
		c.Lock()
		c.waiters = append(c.waiters, news)
		c.Unlock()
		n, err := news.Recv()
		if err != nil {
			return nil
		}
		return number(n)
	case "/notify":
		c.Lock()
		woken := c.waiters
		c.waiters = nil
		c.Unlock()
		for _, news := range woken {
			news.Send(len(woken))
		}
		return number(len(woken))
	}
	c.Lock()
	defer c.Unlock()
	return number(len(c.waiters))
}

func number(n int) *http1.Response {
	return &http1.Response{Type: "text/plain", Body: strconv.AppendInt(nil, int64(n), 10)}
}
