package prefork

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// resumed takes a frozen link over, as the program after an upgrade does: from the state and a copy of the
// descriptor, while everything else of the old link is gone.
func resumed(t *testing.T, l *link) *link {
	t.Helper()
	s, err := l.state()
	if err != nil {
		t.Fatal(err)
	}
	copied, err := unix.FcntlInt(uintptr(s.Descriptor), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range s.Queue {
		for j, fd := range run.Descriptors {
			if s.Queue[i].Descriptors[j], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.end()
	next, err := resumeLink(copied, s.Input, s.Queue)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(next.end)
	return next
}

// A reader that is frozen after every byte loses none, and sees no frame twice.
func TestFreezeBetweenAnyTwoBytesRead(t *testing.T) {
	one, other, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLink(other)
	if err != nil {
		t.Fatal(err)
	}
	var wire []byte
	want := []string{"", "first", "a second one"}
	for _, payload := range want {
		wire = appendFrame(wire, 16, []byte(payload))
	}
	var got []string
	for _, b := range wire {
		if _, err := unix.Write(one, []byte{b}); err != nil {
			t.Fatal(err)
		}
		ready := []unix.PollFd{{Fd: int32(other), Events: unix.POLLIN}}
		received := make(chan error)
		go func() { received <- l.receive(func(f frame) { got = append(got, string(f.payload)) }) }()
		s, _ := l.state()
		for ready[0].Fd = int32(s.Descriptor); ; { // until the byte has been read
			if n, err := unix.Poll(ready, 0); err == nil && n == 0 {
				break
			}
		}
		l.freeze()
		if err := <-received; !errors.Is(err, errFrozen) {
			t.Fatal(err)
		}
		l.still()
		l = resumed(t, l)
	}
	unix.Close(one)
	if err := l.receive(func(f frame) { t.Errorf("one more: %q", f.payload) }); err != io.EOF {
		t.Error(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

// A writer that is frozen in the middle of what the kernel takes goes on at the next byte, and descriptors
// that were not sent yet are sent.
func TestFreezeInTheMiddleOfAWrite(t *testing.T) {
	before := descriptors(t)
	one, other, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	writer, err := newLink(one)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := newLink(other)
	if err != nil {
		t.Fatal(err)
	}
	const handed = 20
	for i := range handed {
		r, w := openPipe(t)
		unix.Write(w, []byte{byte(i)})
		unix.Close(w)
		if err := writer.send(17, bytes.Repeat([]byte{byte(i)}, 100_000), []int{r}); err != nil { // more than fits
			t.Fatal(err)
		}
		writer.send(18, []byte{byte(i)}, nil)
	}
	type arrival struct {
		frames []frame
		err    error
	}
	arrived := make(chan arrival)
	cut := make(chan struct{})
	go func() {
		var a arrival
		a.err = reader.receive(func(f frame) {
			if a.frames = append(a.frames, f); len(a.frames)%10 == 0 {
				cut <- struct{}{}
				<-cut
			}
		})
		arrived <- a
	}()
	for range 2 * handed / 10 {
		<-cut
		writer.freeze()
		writer.still()
		writer = resumed(t, writer)
		cut <- struct{}{}
	}
	writer.flush()
	writer.end()
	a := <-arrived
	if a.err != io.EOF || len(a.frames) != 2*handed {
		t.Fatalf("%d frames of %d, then %v", len(a.frames), 2*handed, a.err)
	}
	for i, f := range a.frames {
		number := byte(i / 2)
		if !bytes.Equal(f.payload, bytes.Repeat([]byte{number}, len(f.payload))) || f.rides != (i%2 == 0) {
			t.Errorf("frame %d is not the one that was sent in its place", i)
		}
		if f.rides {
			var b [1]byte
			if unix.Read(f.descriptors[0], b[:]); b[0] != number {
				t.Errorf("frame %d came with the descriptor of another", i)
			}
			closeAll(f.descriptors)
		}
	}
	reader.end()
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestFreezeThenThaw(t *testing.T) {
	a, b := twoLinks(t)
	received := make(chan error)
	go func() { received <- a.receive(func(frame) {}) }()
	a.freeze()
	if err := <-received; !errors.Is(err, errFrozen) {
		t.Fatal(err)
	}
	a.still()
	if err := a.send(16, []byte("said while frozen"), nil); err != nil {
		t.Fatal(err)
	}
	a.thaw()
	b.send(16, []byte("and back"), nil)
	b.flush()
	go func() { a.receive(func(f frame) { a.flush(); a.end() }) }()
	frames, err := receiveAll(b)
	if err != io.EOF || len(frames) != 1 || string(frames[0].payload) != "said while frozen" {
		t.Errorf("%d frames, then %v", len(frames), err)
	}
}
