package prefork

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// readSize is how much one read of a link may bring, in bytes: many small frames.
const readSize = 64 << 10

// errFrozen ends a receiving that is to go on elsewhere, in another goroutine or another program.
var errFrozen = errors.New("prefork: the link is frozen")

// receive hands frames to deliver, one after the other, until the link ends: io.EOF when the other side
// has closed it or died, and otherwise what is wrong. Payload and descriptors are deliver's own.
func (l *link) receive(deliver func(frame)) error {
	r := receiver{deliver: deliver}
	defer func() {
		for _, batch := range r.arrived {
			closeAll(batch)
		}
	}()
	r.decoder.feed(l.input)
	if err := r.frames(); err != nil {
		return err
	}
	bytes := make([]byte, readSize)
	control := make([]byte, unix.CmsgSpace(MaxDescriptors*4)) // a descriptor is 4 bytes (unix(7))
	for {
		n, controls, flags, _, err := l.conn.ReadMsgUnix(bytes, control) // with MSG_CMSG_CLOEXEC
		if controls > 0 {
			if err := r.rights(control[:controls]); err != nil {
				return err
			}
		}
		if flags&unix.MSG_CTRUNC != 0 {
			// No error tells of it, and the descriptors that had no room are closed already (recvmsg(2)).
			return fmt.Errorf("prefork: more than %d descriptors came with one frame, and some are lost: send at most %d, or raise MaxDescriptors on both sides",
				MaxDescriptors, MaxDescriptors)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET), errors.Is(err, net.ErrClosed):
			return io.EOF // a reset: the other side died before it had read everything
		case errors.Is(err, os.ErrDeadlineExceeded): // none is set but by freeze
			l.input = r.decoder.pending()
			return errFrozen
		case err != nil:
			return err
		}
		r.decoder.feed(bytes[:n])
		if err := r.frames(); err != nil {
			return err
		}
	}
}

// A receiver joins what travels apart: frames, which come as bytes, and the descriptors that ride on them.
type receiver struct {
	decoder decoder
	arrived [][]int // batches of descriptors whose frame is not whole yet
	deliver func(frame)
}

// frames delivers what the bytes fed so far contain.
func (r *receiver) frames() error {
	for {
		f, ok, err := r.decoder.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if f.rides {
			if len(r.arrived) == 0 {
				return errors.New("prefork: a frame came without its descriptors")
			}
			f.descriptors, r.arrived = r.arrived[0], r.arrived[1:]
		}
		r.deliver(f)
	}
	// Descriptors come with their frame's first byte, so one batch at most can be waiting here.
	if len(r.arrived) > 1 || len(r.arrived) == 1 && !r.decoder.awaits() {
		return errors.New("prefork: descriptors came that belong to no frame")
	}
	return nil
}

// rights takes the descriptors out of a control message.
func (r *receiver) rights(control []byte) error {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return fmt.Errorf("prefork: control message: %w", err)
	}
	var batch []int
	for _, message := range messages {
		descriptors, err := unix.ParseUnixRights(&message)
		if err != nil {
			closeAll(batch)
			return fmt.Errorf("prefork: control message: %w", err)
		}
		batch = append(batch, descriptors...)
	}
	r.arrived = append(r.arrived, batch)
	return nil
}
