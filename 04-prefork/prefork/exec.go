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
	s.late.leave()
	for between := false; !between || len(s.events) > 0; {
		select { // what came before, a signal perhaps
		case fn := <-s.events:
			fn()
		case <-s.between:
			between = true
		}
	}
	err := errOvertaken
	if still() {
		err = s.exec(record)
	}
	for _, kept := range s.late.stay() {
		s.master.signal(kept)
	}
	return err
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
	s.late.into(file)
	defer listenForSignals()
	signal.Ignore(whatHappensAnyway...)
	return unix.Exec(s.onDisk, os.Args, append(os.Environ(), upgradeVariable+"="+strconv.Itoa(file)))
}
