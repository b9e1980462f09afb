package prefork

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Version is the language that master and workers, and a master and the program that takes its place,
// speak. It changes with every change that an older program would not understand.
const Version = 1

// upgradeVariable holds the number of the descriptor of the file with the state.
const upgradeVariable = "C10K_UPGRADE"

// A state is what a master hands down to the program that takes its place: what it knows of its workers,
// and the numbers of descriptors, which survive execve(2) as processes do.
type state struct {
	Version     int
	Listener    int // 0: none
	Generations int
	Last        WorkerID // the highest number given
	Serving     int      // the generation that serves
	Slots       []slotState
	Workers     []workerState
	Waiting     []connection `json:",omitempty"` // accepted, and given to nobody yet
	Application []byte       `json:",omitempty"` // what Keeper.Keep returned
}

// A slotState is a place in the generation that serves.
type slotState struct {
	Worker   WorkerID // 0: between two
	Failures int
}

type workerState struct {
	ID         WorkerID
	Name       string
	Generation int
	Pid        int
	Started    time.Time
	Since      time.Time
	Ready      bool
	Joined     bool
	Draining   bool
	Killed     bool
	Ended      bool         // its link has, and it is to be reaped
	Link       linkState    // unless Ended
	Handed     []connection `json:",omitempty"`
}

// descriptors calls fn with the place of every descriptor's number.
func (s *state) descriptors(fn func(fd *int) error) error {
	var all []*int
	if s.Listener != 0 {
		all = append(all, &s.Listener)
	}
	for i := range s.Waiting {
		all = append(all, &s.Waiting[i].Descriptor)
	}
	for i := range s.Workers {
		w := &s.Workers[i]
		if !w.Ended {
			all = append(all, &w.Link.Descriptor)
		}
		for j := range w.Handed {
			all = append(all, &w.Handed[j].Descriptor)
		}
		for j := range w.Link.Queue {
			for k := range w.Link.Queue[j].Descriptors {
				all = append(all, &w.Link.Queue[j].Descriptors[k])
			}
		}
	}
	for _, fd := range all {
		if err := fn(fd); err != nil {
			return err
		}
	}
	return nil
}

// survive replaces the descriptors of a state, which belong to links and others, by copies that stay open
// when another program takes over. undo closes the copies.
func (s *state) survive() (undo func(), err error) {
	var copies []int
	undo = func() { closeAll(copies) }
	err = s.descriptors(func(fd *int) error {
		copied, err := unix.FcntlInt(uintptr(*fd), unix.F_DUPFD, linkDescriptor)
		if err != nil {
			return fmt.Errorf("a copy of descriptor %d: %w", *fd, err)
		}
		copies = append(copies, copied)
		*fd = copied
		return nil
	})
	if err != nil {
		undo()
	}
	return undo, err
}

// write puts a state into a file that has no name, and returns its number, which survives too.
func (s *state) write() (fd int, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return -1, err
	}
	if fd, err = namelessFile(); err != nil {
		return -1, fmt.Errorf("a file for the state: %w", err)
	}
	for len(text) > 0 {
		n, err := unix.Write(fd, text)
		if err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("writing the state: %w", err)
		}
		text = text[n:]
	}
	return fd, nil
}

// handedDown is what the program before this one has left, read once; nil if this is the first. From then on
// the descriptors are close-on-exec again, so that no worker inherits another one's link.
var handedDown = sync.OnceValues(func() (*state, error) {
	number := os.Getenv(upgradeVariable)
	if number == "" {
		return nil, nil
	}
	os.Unsetenv(upgradeVariable)
	fd, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: only an upgrade sets this variable: unset it", upgradeVariable, number)
	}
	file := os.NewFile(uintptr(fd), "state")
	if file == nil {
		return nil, fmt.Errorf("%s=%s is no descriptor: unset it", upgradeVariable, number)
	}
	defer file.Close()
	s, err := readState(file)
	if err != nil {
		return nil, fmt.Errorf("what the program before has left (%s=%s): %w", upgradeVariable, number, err)
	}
	return s, s.descriptors(func(fd *int) error { unix.CloseOnExec(*fd); return nil })
})

// readState reads what write has written.
func readState(file io.ReadSeeker) (*state, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil { // it is where the writer was
		return nil, err
	}
	var s state
	if err := json.NewDecoder(file).Decode(&s); err != nil {
		return nil, err
	}
	if s.Version != Version {
		return nil, fmt.Errorf("it is of version %d, and this program's is %d: restart instead of upgrading", s.Version, Version)
	}
	return &s, nil
}
