package prefork

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What is heard while the master leaves goes with the state, whether that was written already or not.
func TestSignalsAreWrittenBehindTheState(t *testing.T) {
	var l late
	if l.keep(unix.SIGTERM) {
		t.Error("a master that stays has its signals kept from it")
	}
	l.leave()
	l.keep(unix.SIGTERM)
	fd, err := (&state{Version: Version, Last: 7}).write()
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "state")
	defer file.Close()
	l.into(fd)
	l.keep(unix.SIGINT)
	s, err := readState(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := []os.Signal{unix.SIGTERM, unix.SIGINT}; !slices.Equal(s.signals, want) || s.Last != 7 {
		t.Errorf("the state is %+v with signals %v, want worker 7 and %v", s, s.signals, want)
	}
	if kept := l.stay(); !slices.Equal(kept, []os.Signal{unix.SIGTERM, unix.SIGINT}) {
		t.Errorf("a master that stays after all is given %v", kept)
	}
	if l.keep(unix.SIGTERM) {
		t.Error("a master that stays has its signals kept from it")
	}
}

func TestAStateOfAnotherVersionIsRefused(t *testing.T) {
	fd, err := (&state{Version: Version + 1}).write()
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "state")
	defer file.Close()
	if s, err := readState(file); err == nil {
		t.Errorf("a state of version %d was read: %+v", Version+1, s)
	}
}
