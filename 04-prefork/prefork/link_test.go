package prefork

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// twoLinks joins two links of this process.
func twoLinks(t *testing.T) (a, b *link) {
	t.Helper()
	one, other, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = newLink(one); err != nil {
		t.Fatal(err)
	}
	if b, err = newLink(other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.end(); b.end() })
	return a, b
}

// receiveAll reads a link to its end.
func receiveAll(l *link) (frames []frame, err error) {
	err = l.receive(func(f frame) { frames = append(frames, f) })
	return frames, err
}

// descriptors lists what this process has open, by what it leads to.
func descriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system has no /proc/self/fd, where open descriptors are counted")
	}
	var open []string
	for _, entry := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && !strings.HasPrefix(to, "/proc/") {
			open = append(open, to)
		}
	}
	slices.Sort(open)
	return open
}

// openPipe returns the reading and the writing end of a pipe, as raw descriptors.
func openPipe(t *testing.T) (r, w int) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		t.Error(err)
	}
	return ends[0], ends[1]
}

func TestLinkKeepsOrderAndSize(t *testing.T) {
	a, b := twoLinks(t)
	var want [][]byte
	go func() {
		for i := range 2000 {
			a.send(FirstApplicationType, bytes.Repeat([]byte{byte(i)}, i), nil)
		}
		a.send(FirstApplicationType, make([]byte, MaxPayload), nil) // more than any socket buffer takes at once
		a.flush()
		a.end()
	}()
	for i := range 2000 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, i))
	}
	want = append(want, make([]byte, MaxPayload))
	got, err := receiveAll(b)
	if err != io.EOF || len(got) != len(want) {
		t.Fatalf("%d frames of %d, then %v", len(got), len(want), err)
	}
	for i := range want {
		if !bytes.Equal(got[i].payload, want[i]) {
			t.Fatalf("frame %d has %d bytes that are not the %d sent", i, len(got[i].payload), len(want[i]))
		}
	}
}

func TestDescriptorsArriveWithTheirFrames(t *testing.T) {
	before := descriptors(t)
	a, b := twoLinks(t)
	const handed = 300 // each between frames that carry none, so that a batch given to the wrong frame shows
	go func() {
		for i := range handed {
			r, w := openPipe(t)
			unix.Write(w, []byte{byte(i), byte(i >> 8)})
			a.send(16, []byte("plain"), nil)
			// A long one comes in pieces, and its last piece may come together with the next one's descriptors.
			a.send(17, append([]byte{byte(i), byte(i >> 8)}, make([]byte, i%3*70_000)...), []int{r, w})
			a.send(18, make([]byte, 1000*(i%100)), nil)
			if i%50 == 49 {
				a.flush() // now and then, so that frames of the next run are cut in other places
			}
		}
		a.flush()
		a.end()
	}()
	frames, err := receiveAll(b)
	if err != io.EOF {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range frames {
		if !f.rides {
			if len(f.descriptors) != 0 {
				t.Fatalf("a frame of type %d came with %d descriptors", f.typ, len(f.descriptors))
			}
			continue
		}
		if len(f.descriptors) != 2 {
			t.Fatalf("hand-over %d came with %d descriptors", seen, len(f.descriptors))
		}
		content := make([]byte, 2)
		unix.Read(f.descriptors[0], content)
		if !bytes.Equal(content, f.payload[:2]) {
			t.Fatalf("the frame says pipe %v, and the pipe says %v", f.payload[:2], content)
		}
		for _, fd := range f.descriptors {
			if flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 {
				t.Fatal("a received descriptor is not close-on-exec: the next process started would keep it open")
			}
		}
		closeAll(f.descriptors)
		seen++
	}
	if seen != handed {
		t.Errorf("%d hand-overs of %d arrived", seen, handed)
	}
	b.end()
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

// A sender with other bounds than ours: the control buffer is too small for what it sends, and no system
// call says so.
func TestTooManyDescriptorsEndTheLinkAndAreClosed(t *testing.T) {
	before := descriptors(t)
	one, other, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLink(other)
	if err != nil {
		t.Fatal(err)
	}
	r, w := openPipe(t)
	many := slices.Repeat([]int{r}, MaxDescriptors+1)
	if err := unix.Sendmsg(one, appendFrame(nil, 16|withDescriptors, nil), unix.UnixRights(many...), nil, 0); err != nil {
		t.Fatal(err)
	}
	closeAll([]int{r, w})
	frames, err := receiveAll(l)
	if len(frames) != 0 || err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("%d frames, then %v", len(frames), err)
	}
	l.end()
	unix.Close(one)
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestAFrameAndItsDescriptorsAreHeldTogether(t *testing.T) {
	for name, c := range map[string]struct {
		wire  []byte
		rides bool
		want  string
	}{
		"descriptors without a frame": {appendFrame(nil, 16, nil), true, "belong to no frame"},
		"a frame without descriptors": {appendFrame(nil, 16|withDescriptors, nil), false, "without its descriptors"},
	} {
		t.Run(name, func(t *testing.T) {
			before := descriptors(t)
			one, other, err := socketPair()
			if err != nil {
				t.Fatal(err)
			}
			l, err := newLink(other)
			if err != nil {
				t.Fatal(err)
			}
			var control []byte
			r, w := openPipe(t)
			if c.rides {
				control = unix.UnixRights(r)
			}
			if err := unix.Sendmsg(one, c.wire, control, nil, 0); err != nil {
				t.Fatal(err)
			}
			closeAll([]int{r, w})
			unix.Close(one)
			if _, err := receiveAll(l); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the link ended with %v, want %q", err, c.want)
			}
			l.end()
			if after := descriptors(t); !slices.Equal(before, after) {
				t.Errorf("open before: %v\nopen after: %v", before, after)
			}
		})
	}
}

func TestAQueueThatNobodyReadsIsBounded(t *testing.T) {
	before := descriptors(t)
	a, b := twoLinks(t)
	sent, err := 0, error(nil)
	for ; err == nil; sent++ {
		if sent > 2*LinkQueue/MaxPayload {
			t.Fatal("the queue takes everything")
		}
		err = a.send(16, make([]byte, MaxPayload), nil)
	}
	if err != ErrLinkFull {
		t.Errorf("after %d frames: %v, want %v", sent, err, ErrLinkFull)
	}
	r, w := openPipe(t)
	if err := a.send(16, make([]byte, MaxPayload), []int{r, w}); err != ErrLinkFull {
		t.Errorf("with descriptors: %v, want %v", err, ErrLinkFull)
	}
	r, w = openPipe(t)
	if err := a.send(16, nil, []int{r, w}); err != nil {
		t.Errorf("a small frame, for which there is room: %v", err)
	}
	b.end()
	if err := a.flush(); err != ErrLinkEnded {
		t.Errorf("flush to nobody: %v, want %v", err, ErrLinkEnded)
	}
	r, w = openPipe(t)
	if err := a.send(16, nil, []int{r, w}); err != ErrLinkEnded {
		t.Errorf("send to nobody: %v, want %v", err, ErrLinkEnded)
	}
	a.end()
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("open before: %v\nopen after: %v", before, after)
	}
}

func TestSendRefusesWhatIsOutOfBounds(t *testing.T) {
	a, _ := twoLinks(t)
	if err := a.send(16, make([]byte, MaxPayload+1), nil); err == nil || errors.Is(err, ErrLinkFull) {
		t.Errorf("a payload over the bound: %v", err)
	}
	r, w := openPipe(t)
	closeAll([]int{w})
	if err := a.send(16, nil, slices.Repeat([]int{r}, MaxDescriptors+1)); err == nil {
		t.Error("too many descriptors were taken")
	}
}
