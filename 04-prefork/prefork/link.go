package prefork

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// LinkQueue bounds what waits to be sent on one link, in bytes, beside what the kernel's buffer holds
// (about 200 KiB on Linux): several of the largest frames. Whoever lets it fill has stopped reading.
const LinkQueue = 8 << 20

var (
	// ErrLinkFull is returned when LinkQueue bytes wait already: the other side has stopped reading.
	ErrLinkFull = errors.New("prefork: the link's queue is full: the other process does not read")

	// ErrLinkEnded is returned when the other side is gone.
	ErrLinkEnded = errors.New("prefork: the link has ended: the other process is gone")
)

// A link is one end of a socket pair (AF_UNIX, SOCK_STREAM). Sending puts a frame into a bounded queue
// and never waits; a goroutine of the link writes the queue out. Receiving is one goroutine's.
type link struct {
	conn  *net.UnixConn
	input []byte // the receiver's: the beginning of a frame that came before it began

	mu      sync.Mutex
	changed sync.Cond // queue, ended, frozen or writing changed
	queue   []outgoing
	queued  int // bytes in queue and in the writer's hand
	ended   bool
	frozen  bool // both directions stand still (freeze.go)
	writing bool // the writer runs
}

// outgoing is a run of frames; only the first of a run can have descriptors, as they ride on its first
// byte.
type outgoing struct {
	Bytes       []byte
	Descriptors []int `json:",omitempty"`
}

// newLink takes over fd, one end of a socket pair.
func newLink(fd int) (*link, error) { return resumeLink(fd, nil, nil) }

// resumeLink is newLink for a link that was frozen: with what had come of a frame, and what had not gone.
func resumeLink(fd int, input []byte, queue []outgoing) (*link, error) {
	file := os.NewFile(uintptr(fd), "link")
	defer file.Close() // FileConn has made a copy, non-blocking and with FD_CLOEXEC
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("prefork: link: %w", err)
	}
	stream, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("prefork: link: the descriptor is no AF_UNIX socket")
	}
	l := &link{conn: stream, input: input, queue: queue, writing: true}
	for _, run := range queue {
		l.queued += len(run.Bytes)
	}
	l.changed.L = &l.mu
	go l.write()
	return l, nil
}

// send queues a frame; the payload is copied, and the descriptors are the link's from here on: it closes
// them when they are sent or cannot be.
func (l *link) send(typ byte, payload []byte, descriptors []int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := error(nil)
	switch {
	case l.ended:
		err = ErrLinkEnded
	case len(payload) > MaxPayload:
		err = fmt.Errorf("prefork: a payload of %d bytes: send at most %d in one frame", len(payload), MaxPayload)
	case len(descriptors) > MaxDescriptors:
		err = fmt.Errorf("prefork: %d descriptors: send at most %d in one frame", len(descriptors), MaxDescriptors)
	case l.queued+headerSize+len(payload) > LinkQueue:
		err = ErrLinkFull
	}
	if err != nil {
		closeAll(descriptors)
		return err
	}
	if len(descriptors) > 0 {
		l.queue = append(l.queue, outgoing{appendFrame(nil, typ|withDescriptors, payload), descriptors})
	} else if last := len(l.queue) - 1; last >= 0 {
		l.queue[last].Bytes = appendFrame(l.queue[last].Bytes, typ, payload)
	} else {
		l.queue = append(l.queue, outgoing{Bytes: appendFrame(nil, typ, payload)})
	}
	l.queued += headerSize + len(payload)
	l.changed.Broadcast()
	return nil
}

// write writes the queue out until the link ends or freezes. It takes a whole run at a time, so that many
// small frames become one system call.
func (l *link) write() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for len(l.queue) == 0 && !l.ended && !l.frozen {
			l.changed.Wait()
		}
		if l.ended || l.frozen {
			break
		}
		run := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		n, err := l.writeRun(run)
		l.mu.Lock()
		if rest := run.after(n); err != nil && l.frozen && !l.ended {
			l.queue = append([]outgoing{rest}, l.queue...)
		} else {
			closeAll(rest.Descriptors)
			if err != nil {
				l.endLocked()
			}
		}
		l.queued -= n
		l.changed.Broadcast()
	}
	l.writing = false
	l.changed.Broadcast()
}

// after is what is left of a run of which n bytes were written: from the first byte on, its descriptors
// are sent, and our copies of no use.
func (run outgoing) after(n int) outgoing {
	if n == 0 {
		return run
	}
	closeAll(run.Descriptors)
	return outgoing{Bytes: run.Bytes[n:]}
}

// writeRun writes one run and says how much of it went. The kernel may take less than all of it at once:
// the descriptors are gone with the first byte, and the rest follows as plain bytes.
func (l *link) writeRun(run outgoing) (n int, err error) {
	if len(run.Descriptors) > 0 {
		n, _, err = l.conn.WriteMsgUnix(run.Bytes, unix.UnixRights(run.Descriptors...), nil)
		if err != nil {
			return 0, err
		}
	}
	more, err := l.conn.Write(run.Bytes[n:])
	return n + more, err
}

// flush waits until all that was queued has been given to the kernel, which delivers it even when this
// process has exited. It returns ErrLinkEnded when that cannot be any more.
func (l *link) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.queued > 0 && !l.ended {
		l.changed.Wait()
	}
	if l.ended {
		return ErrLinkEnded
	}
	return nil
}

// end closes this side. The other reads the end of the stream after what was written; what still waits
// in the queue is lost, and its descriptors are closed.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked()
}

func (l *link) endLocked() {
	if l.ended {
		return
	}
	l.ended = true
	for _, run := range l.queue {
		closeAll(run.Descriptors)
	}
	l.queue, l.queued = nil, 0
	l.changed.Broadcast()
	l.conn.Close()
}

func closeAll(descriptors []int) {
	for _, fd := range descriptors {
		unix.Close(fd)
	}
}
