package comet_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/03-coroutines/coro"
)

// A link is one end of what joins master and worker: frames in both directions, in order. Sending never
// waits.
type link struct {
	conn  *coro.Conn
	queue []byte
	more  strand.Waiter
	ended bool
}

// hello is the first frame of a worker: its number.
const hello = 1

func newLink(s *coro.Scheduler, c *coro.Conn) *link { return &link{conn: c, more: s.NewWaiter()} }

func (l *link) send(typ byte, payload []byte) {
	l.queue = append(l.queue, typ)
	l.queue = binary.BigEndian.AppendUint32(l.queue, uint32(len(payload)))
	l.queue = append(l.queue, payload...)
	l.more.Wake()
}

// write is a coroutine of its own.
func (l *link) write() {
	for !l.ended {
		b := l.queue
		l.queue = nil
		if len(b) > 0 && l.conn.Send(b, time.Time{}) != nil {
			return
		}
		if l.more.Wait(time.Time{}) != nil {
			return
		}
	}
}

func (l *link) end() {
	l.ended = true
	l.more.Wake()
}

// read hands on frames until the link ends.
func (l *link) read(deliver func(typ byte, payload []byte)) error {
	var pending []byte
	for {
		b, err := l.conn.Recv(time.Time{})
		if err != nil {
			return err
		}
		pending = append(pending, b...)
		for len(pending) >= 5 {
			n := 5 + int(binary.BigEndian.Uint32(pending[1:]))
			if len(pending) < n {
				break
			}
			frame := pending[:n:n]
			pending = pending[n:]
			deliver(frame[0], frame[5:])
		}
	}
}

// dial connects, as often as it takes until somebody listens; nil if the process is being ended.
func dial(s *coro.Scheduler, to string) *coro.Conn {
	for until := s.Now().Add(patience); ; {
		c, err := s.Dial(to, until)
		if err == nil {
			return c
		}
		if s.Sleep(10*time.Millisecond) != nil {
			return nil
		}
		if s.Now().After(until) {
			panic(fmt.Sprintf("no connection to %s within %v: %v", to, patience, err))
		}
	}
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// patience is longer than every time-out and every fault: what takes longer is lost.
const patience = 5 * time.Minute
