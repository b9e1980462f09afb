package prefork

import (
	"errors"
	"fmt"
	"io"
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
	conn *net.UnixConn

	mu      sync.Mutex
	changed sync.Cond // queue or ended changed
	queue   []outgoing
	queued  int // bytes in queue and in the writer's hand
	ended   bool
}

// outgoing is a run of frames; only the first of a run can have descriptors, as they ride on its first
// byte.
type outgoing struct {
	bytes       []byte
	descriptors []int
}

// newLink takes over fd, one end of a socket pair.
func newLink(fd int) (*link, error) {
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
	l := &link{conn: stream}
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
		l.queue[last].bytes = appendFrame(l.queue[last].bytes, typ, payload)
	} else {
		l.queue = append(l.queue, outgoing{bytes: appendFrame(nil, typ, payload)})
	}
	l.queued += headerSize + len(payload)
	l.changed.Broadcast()
	return nil
}

// write writes the queue out until the link ends. It takes a whole run at a time, so that many small
// frames become one system call.
func (l *link) write() {
	for {
		l.mu.Lock()
		for len(l.queue) == 0 && !l.ended {
			l.changed.Wait()
		}
		if l.ended {
			l.mu.Unlock()
			return
		}
		run := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()

		err := l.writeRun(run)
		closeAll(run.descriptors)
		if err != nil {
			l.end()
			return
		}
		l.mu.Lock()
		l.queued -= len(run.bytes)
		l.changed.Broadcast()
		l.mu.Unlock()
	}
}

// writeRun writes one run. The kernel may take less than all of it: the descriptors are gone with the
// first byte, and the rest follows as plain bytes.
func (l *link) writeRun(run outgoing) error {
	n := 0
	if len(run.descriptors) > 0 {
		var err error
		if n, _, err = l.conn.WriteMsgUnix(run.bytes, unix.UnixRights(run.descriptors...), nil); err != nil {
			return err
		}
	}
	_, err := l.conn.Write(run.bytes[n:])
	return err
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

// receive hands frames to deliver, one after the other, until the link ends: io.EOF when the other side
// has closed it or died, and otherwise what is wrong. Payload and descriptors are deliver's own.
func (l *link) receive(deliver func(frame)) error {
	var (
		decoder decoder
		arrived [][]int // batches that no frame has claimed yet
		bytes   = make([]byte, 64<<10)
		control = make([]byte, unix.CmsgSpace(MaxDescriptors*4)) // a descriptor is 4 bytes (unix(7))
	)
	defer func() {
		for _, batch := range arrived {
			closeAll(batch)
		}
	}()
	for {
		n, controls, flags, _, err := l.conn.ReadMsgUnix(bytes, control)
		if controls > 0 {
			batch, err := parseRights(control[:controls])
			arrived = append(arrived, batch)
			if err != nil {
				return err
			}
		}
		switch {
		case flags&unix.MSG_CTRUNC != 0:
			// No error tells of it, and the descriptors that had no room are closed already (recvmsg(2)).
			return fmt.Errorf("prefork: more than %d descriptors came with one frame, and some are lost", MaxDescriptors)
		case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET), errors.Is(err, net.ErrClosed):
			return io.EOF // a reset: the other side died before it had read everything
		case err != nil:
			return err
		}
		decoder.feed(bytes[:n])
		for {
			f, ok, err := decoder.next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if f.rides {
				if len(arrived) == 0 {
					return errors.New("prefork: a frame came without its descriptors")
				}
				f.descriptors, arrived = arrived[0], arrived[1:]
			}
			deliver(f)
		}
		// Descriptors come with their frame's first byte, so one batch at most can be waiting here.
		if len(arrived) > 1 || len(arrived) == 1 && !decoder.awaits() {
			return errors.New("prefork: descriptors came that belong to no frame")
		}
	}
}

// parseRights takes the descriptors out of a control message.
func parseRights(control []byte) (descriptors []int, err error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, fmt.Errorf("prefork: control message: %w", err)
	}
	for _, message := range messages {
		rights, err := unix.ParseUnixRights(&message)
		if err != nil {
			return descriptors, fmt.Errorf("prefork: control message: %w", err)
		}
		descriptors = append(descriptors, rights...)
	}
	return descriptors, nil
}

// end closes this side. The other reads the end of the stream after what was written; what still waits
// in the queue is lost, and its descriptors are closed.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	for _, run := range l.queue {
		closeAll(run.descriptors)
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
