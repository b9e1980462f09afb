package loop_test

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/loop"
	"example.com/c10k/02-selectors/poll"
)

// When descriptors run out although the limit should have prevented it, a connection is accepted through
// the reserve and closed; the loop does not spin; and when descriptors are back, so is the service.
func TestNoDescriptorIsLeft(t *testing.T) {
	onEveryPoller(t, func(t *testing.T, poller string) {
		s := start(t, poller, echo, loop.Options{})
		old := s.dial(t)
		old.ask(t)

		filler := useUpDescriptors(t)
		const refused = 20
		for range refused {
			unix.Close(filler.pop()) // for the client's end; none is left for the server's
			c := s.dial(t)
			if b, err := io.ReadAll(c.answers); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("got %q and %v, want the end", b, err)
			}
			old.ask(t) // after which the loop is done with its accepts, and their descriptors are still
			c.Close()
			filler.push(t)
		}
		if !s.log.has("a connection was refused") {
			t.Error("the log does not tell of it")
		}
		filler.release()

		s.dial(t).ask(t)
		s.Stop()
		s.ended(t)
		// Each round has a refusal and a request, two events; the rest of the test is a handful.
		if most := 4*refused + 20; s.sets.waits > most {
			t.Errorf("the loop turned %d times, want at most %d: does it spin?", s.sets.waits, most)
		}
		if wants := s.sets.of[int(s.listener)]; !cmp.Equal(wants, []poll.Interest{poll.Read, 0}) {
			t.Errorf("the listener was declared %v: a refusal needs no pause", wants)
		}
	})
}

// When not even the reserve can be used, the listener is left alone for a while, and nobody is lost: the
// connection stays in the queue.
func TestNotEvenTheReserveIsLeft(t *testing.T) {
	s := prepare(t, "", sock.Options{}, echo, loop.Options{})
	resumed := make(chan struct{}, 100)
	s.sets.told = func(fd int, want poll.Interest) {
		if fd == int(s.listener) && want == poll.Read {
			resumed <- struct{}{}
		}
	}
	s.run(t)
	old := s.dial(t)
	old.ask(t)

	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	unix.CloseOnExec(fd)
	raise := lowerLimit(t, 1) // no number that is free is below it
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: s.port}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		arrive(t, "another try", resumed)
		old.ask(t)
	}
	raise()
	if _, err := unix.Write(fd, []byte(get("/queued"))); err != nil {
		t.Fatal(err)
	}
	limit := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1000)
	if n, err := unix.Read(fd, answer); err != nil || !strings.HasSuffix(string(answer[:n]), "queued") {
		t.Fatalf("got %q, %v", answer[:max(n, 0)], err)
	}
	for range 20 {
		old.ask(t)
	}
	s.Stop()
	s.ended(t)
	if s.sets.waits > 100 {
		t.Errorf("the loop turned %d times: does it spin?", s.sets.waits)
	}
}

// select ends at descriptor 1023: a connection beyond is closed, and the others are served.
func TestBeyondTheEndOfSelect(t *testing.T) {
	if sock.DescriptorLimit() < 1200 {
		t.Skip("this process may open fewer than 1200 descriptors, so none can be beyond select's end: raise ulimit -n to 1200")
	}
	s := start(t, "select", echo, loop.Options{})
	old := s.dial(t)
	old.ask(t)
	full := &filler{}
	for len(full.fds) < 1100 {
		full.push(t)
	}
	defer full.release()
	c := s.dial(t)
	if b, err := io.ReadAll(c.answers); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %q and %v, want the end", b, err)
	}
	old.ask(t)
	if !s.log.has("choose -poller") {
		t.Error("the log does not say what to do")
	}
}

// A listener that cannot be watched is an error of New, which then has kept nothing.
func TestAListenerThatCannotBeWatched(t *testing.T) {
	if sock.DescriptorLimit() < 1200 {
		t.Skip("this process may open fewer than 1200 descriptors, so none can be beyond select's end: raise ulimit -n to 1200")
	}
	l, _, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	high, err := unix.FcntlInt(uintptr(l), unix.F_DUPFD_CLOEXEC, 1100)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(high)
	p, err := poll.New("select")
	if err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	_, err = loop.New(sock.NonBlocking(high), p, echo, loop.Options{})
	if err == nil || !strings.Contains(err.Error(), "choose -poller") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before New it were %d", after, before)
	}
}

// lowerLimit lets this process open no descriptor with a number from n on, until raise, or the test's end.
func lowerLimit(t *testing.T, n uint64) (raise func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	lowered := before
	setNumber(&lowered.Cur, n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lowered); err != nil {
		t.Fatal(err)
	}
	raise = func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(raise)
	return raise
}

// setNumber: the type of a limit differs between systems.
func setNumber[T ~int64 | ~uint64](to *T, n uint64) {
	*to = T(n)
}

// A filler holds all descriptors that the process may open.
type filler struct {
	fds []int
}

func useUpDescriptors(t *testing.T) *filler {
	t.Helper()
	raise := lowerLimit(t, 256)
	f := &filler{}
	t.Cleanup(func() { f.release(); raise() })
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if errors.Is(err, unix.EMFILE) {
			return f
		}
		if err != nil {
			t.Fatal(err)
		}
		f.fds = append(f.fds, fd)
	}
}

func (f *filler) pop() int {
	last := f.fds[len(f.fds)-1]
	f.fds = f.fds[:len(f.fds)-1]
	return last
}

func (f *filler) push(t *testing.T) {
	t.Helper()
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.fds = append(f.fds, fd)
}

func (f *filler) release() {
	for len(f.fds) > 0 {
		unix.Close(f.pop())
	}
}
