package poll_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/02-selectors/poll"
)

// select's sets end; a descriptor behind the end is refused in one clear line and harms nobody.
func TestSelectEnds(t *testing.T) {
	p := open(t, "select")
	mine, theirs := pair(t)
	write(t, theirs)
	set(t, p, mine, Read)
	last, err := unix.FcntlInt(uintptr(mine), unix.F_DUPFD_CLOEXEC, poll.SelectLimit-1)
	if err != nil {
		t.Skipf("this process may not open descriptor %d: %v: raise the limit with ulimit -n", poll.SelectLimit-1, err)
	}
	defer unix.Close(last)
	beyond, err := unix.FcntlInt(uintptr(mine), unix.F_DUPFD_CLOEXEC, poll.SelectLimit)
	if err != nil {
		t.Skipf("this process may not open descriptor %d: %v: raise the limit with ulimit -n", poll.SelectLimit, err)
	}
	defer unix.Close(beyond)

	if err := p.Set(last, Read); err != nil {
		t.Errorf("the last descriptor of the set: %v", err)
	}
	err = p.Set(beyond, Read)
	if err == nil || !strings.Contains(err.Error(), "descriptor 1024") || !strings.Contains(err.Error(), "choose -poller "+poll.Names()[0]) {
		t.Errorf("Set(1024): %v: want the number and what to choose instead", err)
	}
	if err := p.Set(beyond, 0); err != nil {
		t.Errorf("forgetting what was refused: %v", err)
	}
	expect(t, p, event(mine, Read), poll.Event{FD: int32(last), Ready: Read})
	if err := p.Set(last, 0); err != nil {
		t.Error(err)
	}

	// The others have no such end.
	for _, name := range poll.Names() {
		if name == "select" {
			continue
		}
		p := open(t, name)
		if err := p.Set(beyond, Read); err != nil {
			t.Errorf("%s: descriptor 1024: %v", name, err)
		}
		expect(t, p, poll.Event{FD: int32(beyond), Ready: Read})
		if err := p.Set(beyond, 0); err != nil {
			t.Error(err)
		}
	}
}

// Who closes first and forgets afterwards is told of it, by whichever call the backend can tell it.
func TestClosedFirst(t *testing.T) {
	for _, name := range poll.Names() {
		t.Run(name, func(t *testing.T) {
			p := open(t, name)
			watched, _ := pair(t)
			gone, err := unix.FcntlInt(uintptr(watched), unix.F_DUPFD_CLOEXEC, 900) // a number nobody else takes
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Set(gone, Read); err != nil {
				t.Fatal(err)
			}
			if err := unix.Close(gone); err != nil {
				t.Fatal(err)
			}
			_, told := p.Wait(make([]poll.Event, 4), 0)
			if forgotten := p.Set(gone, 0); told == nil {
				told = forgotten
			}
			if told == nil || !strings.Contains(told.Error(), "descriptor 900 ") || !strings.Contains(told.Error(), "call Set(900, 0) before close") {
				t.Errorf("%v: want the descriptor and what to do", told)
			}
			if n, err := p.Wait(make([]poll.Event, 4), 0); n != 0 || err != nil {
				t.Errorf("Wait afterwards: %d, %v", n, err)
			}
			if err := p.Set(gone, 0); err != nil {
				t.Errorf("forgetting it again: %v", err)
			}
		})
	}
}
