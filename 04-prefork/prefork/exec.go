package prefork

import (
	"errors"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// errOvertaken says that there is no need for Exec any more.
var errOvertaken = errors.New("prefork: a stop has overtaken the upgrade")

// Exec becomes the program on disk.
func (s *system) Exec(still func() bool, record func() (*state, error)) error {
	signal.Ignore(whatHappensAnyway...)
	signal.Stop(heard) // and what was caught before is in heard now
	defer listenForSignals()
	restore, err := toDefault(whatIsNeverLost)
	if err != nil {
		return err
	}
	defer restore()
	for idle := false; !idle; {
		select {
		case fn := <-s.events:
			fn()
		case <-s.between: // no signal is on its way from one channel to the other
			idle = len(heard) == 0 && len(s.events) == 0
		}
	}
	if !still() {
		return errOvertaken
	}
	return s.exec(record)
}

// exec returns only if it fails. No process is started while copies of descriptors are open that it would
// inherit.
func (s *system) exec(record func() (*state, error)) error {
	st, err := record()
	if err != nil {
		return err
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	undo, err := st.survive()
	if err != nil {
		return err
	}
	defer undo()
	file, err := st.write()
	if err != nil {
		return err
	}
	defer unix.Close(file)
	return unix.Exec(s.onDisk, os.Args, append(os.Environ(), upgradeVariable+"="+strconv.Itoa(file)))
}
