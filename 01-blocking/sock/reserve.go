package sock

import "golang.org/x/sys/unix"

// A Reserve is one descriptor kept for a bad moment. When no other is free (ErrNoDescriptors) a
// connection can be neither accepted nor refused: it stays in the queue, the listener stays readable,
// and a loop spins. A server that has a reserve gives it up, accepts, closes, and takes it back, so the
// client learns that there is no place for it. It is the second line: the first is a limit on
// connections, below DescriptorLimit.
//
// It serves a process with one accepting strand; among several, another may take what was given up, and
// Refuse then answers ErrNoDescriptors.
type Reserve struct{ fd int }

// NewReserve opens the reserve; do it at the start, while descriptors are free.
func NewReserve() (*Reserve, error) {
	r := &Reserve{fd: -1}
	return r, r.take()
}

// Refuse accepts one connection and closes it: nil if it did, ErrAgain if nobody waited. The client sees
// an end of stream, or a reset if it had sent something already.
func (r *Reserve) Refuse(l NonBlocking) error {
	r.giveUp()
	refused, err := l.Accept()
	if err == nil {
		err = refused.Close()
	}
	if lost := r.take(); err == nil {
		err = lost
	}
	return err
}

// Close gives the reserve back for good.
func (r *Reserve) Close() error {
	r.giveUp()
	return nil
}

func (r *Reserve) take() error {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return failure("open /dev/null", errnoOf(err))
	}
	r.fd = fd
	return nil
}

func (r *Reserve) giveUp() {
	if r.fd >= 0 {
		unix.Close(r.fd) // read only, so nothing can be lost
		r.fd = -1
	}
}
