package poll_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// One table of tests for every backend: what a Poller promises, it promises behind each of them.
var promises = []struct {
	name string
	test func(*testing.T, poll.Poller)
}{
	{"readable", readable},
	{"writable", writable},
	{"both in one event", both},
	{"a listener is readable", listenerIsReadable},
	{"the end of the stream is readable", endIsReadable},
	{"a reset makes ready all that was wanted", resetIsReady},
	{"a hang-up is seen by who wants to write only", hangUpIsWritable},
	{"a refused connection is writable", refusedIsWritable},
	{"level-triggered: again, until used up", again},
	{"Set replaces", setReplaces},
	{"Set to 0 silences", setZeroSilences},
	{"forgetting an unknown descriptor is no error", forgetUnknown},
	{"Exclusive alone is no interest", exclusiveAlone},
	{"Exclusive comes and goes", exclusiveComesAndGoes},
	{"a number that is no descriptor is refused", noDescriptor},
	{"a number may be another's after Set 0 and close", reusedNumber},
	{"Set while a batch is handled", setWhileHandled},
	{"more ready than there is room for", fairness},
	{"no room at all", noRoom},
	{"a look returns at once", look},
	{"a time is rounded up", roundedUp},
	{"nothing is watched", nothingWatched},
	{"a steady state allocates nothing", allocatesNothing},
}

func TestPollers(t *testing.T) {
	for _, name := range poll.Names() {
		for _, promise := range promises {
			t.Run(name+"/"+promise.name, func(t *testing.T) { promise.test(t, open(t, name)) })
		}
	}
}

// patience bounds every wait for an event: far longer than any machine needs.
const patience = 20 * time.Second

func open(t *testing.T, name string) poll.Poller {
	t.Helper()
	p, err := poll.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

// pair is two connected sockets.
func pair(t *testing.T) (mine, theirs sock.NonBlocking) {
	t.Helper()
	mine, theirs, err := sock.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mine.Close(); theirs.Close() })
	return mine, theirs
}

// connected is both ends of a TCP connection. Whoever closes one in the test takes care that it does so last.
func connected(t *testing.T) (client, server sock.NonBlocking) {
	t.Helper()
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = sock.Connect(at); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, l, unix.POLLIN)
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, client, unix.POLLOUT)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// awaitReady waits by poll(2) itself, so that preparations do not rest on what is tested.
func awaitReady(t *testing.T, s sock.NonBlocking, want int16) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s), Events: want}}, int(patience.Milliseconds()))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			t.Fatalf("descriptor %d did not become ready for %#x: %d, %v", s, want, n, err)
		}
		return
	}
}

func write(t *testing.T, s sock.NonBlocking) {
	t.Helper()
	if _, err := s.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s sock.NonBlocking) {
	t.Helper()
	if _, err := s.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
}

// fill writes until there is no room.
func fill(t *testing.T, s sock.NonBlocking) {
	t.Helper()
	chunk := make([]byte, 64<<10)
	for {
		if _, err := s.Write(chunk); err == sock.ErrAgain {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func set(t *testing.T, p poll.Poller, s sock.NonBlocking, want poll.Interest) {
	t.Helper()
	if err := p.Set(int(s), want); err != nil {
		t.Fatalf("Set(%d, %b): %v", s, want, err)
	}
}

// expect waits and compares the events, in the order of their descriptors. To expect nothing it only
// looks: what is ready is ready before Wait is called, as its cause is in the same kernel.
func expect(t *testing.T, p poll.Poller, want ...poll.Event) {
	t.Helper()
	d := patience
	if len(want) == 0 {
		d = 0
	}
	evs := make([]poll.Event, 16)
	n, err := p.Wait(evs, d)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	byDescriptor := func(a, b poll.Event) int { return int(a.FD - b.FD) }
	got := evs[:n]
	slices.SortFunc(got, byDescriptor)
	slices.SortFunc(want, byDescriptor)
	if !slices.Equal(got, want) {
		t.Fatalf("Wait returned %v, want %v (descriptor, 1 for Read, 2 for Write)", got, want)
	}
}

func event(s sock.NonBlocking, ready poll.Interest) poll.Event {
	return poll.Event{FD: int32(s), Ready: ready}
}

func TestLadder(t *testing.T) {
	best, err := poll.New("")
	if err != nil {
		t.Fatal(err)
	}
	best.Close()
	names := poll.Names()
	if !slices.Contains(names, "poll") || !slices.Contains(names, "select") || names[len(names)-1] != "select" {
		t.Errorf("Names: %v: every system has poll and, last, select", names)
	}
	for _, name := range []string{"epoll", "kqueue", "poll", "select", "io_uring", "EPOLL"} {
		p, err := poll.New(name)
		if slices.Contains(names, name) {
			if err != nil {
				t.Errorf("New(%q): %v", name, err)
				continue
			}
			p.Close()
			continue
		}
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "choose "+strings.Join(names, ", ")) {
			t.Errorf("New(%q): %v: want an error that names what this system has", name, err)
		}
	}
}
