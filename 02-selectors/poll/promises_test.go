package poll_test

import (
	"io"
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

const (
	Read      = poll.Read
	Write     = poll.Write
	Exclusive = poll.Exclusive
)

func readable(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Read)
	expect(t, p)
	write(t, theirs)
	expect(t, p, event(mine, Read))
}

func writable(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Write)
	expect(t, p, event(mine, Write))
	fill(t, mine)
	expect(t, p)
	buffer := make([]byte, 1<<20)
	for { // the other end reads everything, so there is room again
		if _, err := theirs.Read(buffer); err == sock.ErrAgain {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	expect(t, p, event(mine, Write))
}

func both(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Read|Write)
	expect(t, p, event(mine, Write))
	write(t, theirs)
	expect(t, p, event(mine, Read|Write))
	fill(t, mine)
	expect(t, p, event(mine, Read))
}

func listenerIsReadable(t *testing.T, p poll.Poller) {
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	set(t, p, l, Read)
	expect(t, p)
	client, err := sock.Connect(at)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	expect(t, p, event(l, Read))
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	expect(t, p)
}

func endIsReadable(t *testing.T, p poll.Poller) {
	client, server := connected(t)
	set(t, p, server, Read)
	expect(t, p)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	expect(t, p, event(server, Read))
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read: %v, want io.EOF", err)
	}
	expect(t, p, event(server, Read)) // and stays so
}

// reset makes the other end of a connection receive a reset.
func reset(t *testing.T, s sock.NonBlocking) {
	t.Helper()
	if err := unix.SetsockoptLinger(int(s), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		t.Fatal(err)
	}
	closeInPlace(t, s)
}

// closeInPlace closes a socket, but keeps its number taken: the end of the test closes it again, and by
// then it might be somebody else's.
func closeInPlace(t *testing.T, s sock.NonBlocking) {
	t.Helper()
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	if err := unix.Dup2(null, int(s)); err != nil {
		t.Fatal(err)
	}
}

func resetIsReady(t *testing.T, p poll.Poller) {
	for _, want := range []poll.Interest{Read, Write, Read | Write} {
		client, server := connected(t)
		fill(t, server) // so that it is the reset that makes it writable
		set(t, p, server, want)
		expect(t, p)
		reset(t, client)
		awaitReady(t, server, unix.POLLIN)
		expect(t, p, event(server, want))
		set(t, p, server, 0)
		expect(t, p)
	}
}

func hangUpIsWritable(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	fill(t, mine)
	set(t, p, mine, Write)
	expect(t, p)
	closeInPlace(t, theirs)
	expect(t, p, event(mine, Write))
	if _, err := mine.Write([]byte("x")); err != sock.ErrBrokenPipe {
		t.Errorf("Write: %v, want ErrBrokenPipe", err)
	}
}

func refusedIsWritable(t *testing.T, p poll.Poller) {
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	client, err := sock.Connect(at)
	if err != nil {
		t.Skip("this system refuses a connection before it can be waited for: Linux and macOS do not")
	}
	defer client.Close()
	set(t, p, client, Write)
	expect(t, p, event(client, Write))
	if err := client.ConnectError(); err != sock.ErrRefused {
		t.Errorf("ConnectError: %v, want ErrRefused", err)
	}
	set(t, p, client, 0)
}

func again(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Read)
	write(t, theirs)
	for range 3 {
		expect(t, p, event(mine, Read))
	}
	read(t, mine)
	expect(t, p)
}

func setReplaces(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	write(t, theirs)
	for _, want := range []poll.Interest{Read, Write, Read | Write, Write, Read, Read} {
		set(t, p, mine, want)
		expect(t, p, event(mine, want))
	}
}

func setZeroSilences(t *testing.T, p poll.Poller) {
	client, server := connected(t)
	other, _ := pair(t)
	set(t, p, server, Read|Write)
	set(t, p, other, Write)
	expect(t, p, event(server, Write), event(other, Write))
	set(t, p, server, 0)
	expect(t, p, event(other, Write))
	// Not even what cannot be refused: an entry of epoll with no bits still reports a hang-up.
	reset(t, client)
	awaitReady(t, server, unix.POLLIN)
	expect(t, p, event(other, Write))
	set(t, p, server, Read)
	expect(t, p, event(server, Read), event(other, Write))
	set(t, p, server, 0)
}

func forgetUnknown(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, 0)
	set(t, p, mine, Write)
	set(t, p, mine, 0)
	set(t, p, mine, 0)
	expect(t, p)
	if err := p.Set(math.MaxInt, 0); err != nil {
		t.Errorf("Set(math.MaxInt, 0): %v", err)
	}
}

func exclusiveAlone(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, Write)
	set(t, p, mine, Exclusive)
	expect(t, p)
}

func exclusiveComesAndGoes(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	write(t, theirs)
	for _, want := range []poll.Interest{
		Read | Exclusive, Read | Write, Read | Write | Exclusive, Write | Exclusive, Read | Exclusive, 0, Read, Read | Exclusive, 0,
	} {
		set(t, p, mine, want)
		if want == 0 {
			expect(t, p)
			continue
		}
		expect(t, p, event(mine, want&^Exclusive))
	}
}

func noDescriptor(t *testing.T, p poll.Poller) {
	for _, want := range []poll.Interest{0, Read} {
		if err := p.Set(-1, want); err == nil {
			t.Errorf("Set(-1, %b) was accepted", want)
		}
	}
	expect(t, p)
}

func reusedNumber(t *testing.T, p poll.Poller) {
	old, theirs := pair(t)
	set(t, p, old, Read)
	write(t, theirs)
	expect(t, p, event(old, Read))
	set(t, p, old, 0)
	// Close and reuse in one step, so that no other test can take the number in between.
	another, _ := pair(t)
	if err := unix.Dup2(int(another), int(old)); err != nil {
		t.Fatal(err)
	}
	expect(t, p)
	set(t, p, old, Read)
	expect(t, p) // what the old socket had to read is not this one's
	set(t, p, old, Write)
	expect(t, p, event(old, Write))
}

// A handler that forgets other descriptors of the batch, or looks for new ones, confuses nobody.
func setWhileHandled(t *testing.T, p poll.Poller) {
	var all []sock.NonBlocking
	for range 4 {
		mine, _ := pair(t)
		set(t, p, mine, Write)
		all = append(all, mine)
	}
	evs := make([]poll.Event, 2)
	if n, err := p.Wait(evs, patience); n != 2 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	}
	for _, s := range all[:3] {
		set(t, p, s, 0)
	}
	expect(t, p, event(all[3], Write))
	set(t, p, all[0], Write)
	expect(t, p, event(all[0], Write), event(all[3], Write))
}
