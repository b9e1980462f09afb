package poll_test

import (
	"io"
	"math"
	"testing"
	"time"

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
		t.Skip("this system refuses a connection before it can be waited for")
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

func fairness(t *testing.T, p poll.Poller) {
	const ready, room = 10, 3
	left := map[int32]bool{}
	for range ready {
		mine, theirs := pair(t)
		write(t, theirs)
		set(t, p, mine, Read)
		left[int32(mine)] = true
	}
	evs := make([]poll.Event, room)
	for range (ready + room - 1) / room {
		n, err := p.Wait(evs, patience)
		if n != room || err != nil {
			t.Fatalf("Wait: %d, %v, want %d events", n, err, room)
		}
		for _, ev := range evs[:n] {
			delete(left, ev.FD)
		}
	}
	if len(left) != 0 { // nobody reads, so each of them is ready each time
		t.Errorf("%d of %d had no turn while others had two", len(left), ready)
	}
}

func noRoom(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, Write)
	if n, err := p.Wait(nil, -1); n != 0 || err == nil {
		t.Errorf("Wait(nil): %d, %v, want an error", n, err)
	}
}

func look(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	set(t, p, mine, Read)
	evs := make([]poll.Event, 4)
	if n, err := p.Wait(evs, 0); n != 0 || err != nil {
		t.Errorf("a look at nothing: %d, %v", n, err)
	}
	write(t, theirs)
	if n, err := p.Wait(evs, 0); n != 1 || err != nil || evs[0] != event(mine, Read) {
		t.Errorf("a look: %d, %v, %v", n, err, evs[0])
	}
}

// 1.9 ms: who counts milliseconds and rounds down returns after one. A signal (the Go runtime sends its
// threads some) may end a Wait early, so one of three has to take its time.
func roundedUp(t *testing.T, p poll.Poller) {
	mine, _ := pair(t)
	set(t, p, mine, Read)
	for _, d := range []time.Duration{1, time.Microsecond, 1900 * time.Microsecond} {
		longest := time.Duration(0)
		for range 3 {
			begin := time.Now()
			if n, err := p.Wait(make([]poll.Event, 4), d); n != 0 || err != nil {
				t.Fatalf("Wait: %d, %v", n, err)
			}
			longest = max(longest, time.Since(begin))
		}
		if longest < d {
			t.Errorf("Wait for %v returned after %v", d, longest)
		}
	}
}

func nothingWatched(t *testing.T, p poll.Poller) {
	expect(t, p)
	begin := time.Now()
	if n, err := p.Wait(make([]poll.Event, 4), 10*time.Millisecond); n != 0 || err != nil {
		t.Fatalf("Wait: %d, %v", n, err)
	}
	if took := time.Since(begin); took < 10*time.Millisecond {
		t.Errorf("Wait for 10 ms returned after %v", took)
	}
}

func allocatesNothing(t *testing.T, p poll.Poller) {
	mine, theirs := pair(t)
	write(t, theirs)
	evs := make([]poll.Event, 64)
	n := testing.AllocsPerRun(100, func() {
		set(t, p, mine, Read|Write)
		p.Wait(evs, time.Second)
		set(t, p, mine, Write|Exclusive)
		p.Wait(evs, 0)
		p.Wait(evs, -1)
		set(t, p, mine, 0)
		p.Wait(evs, time.Microsecond)
	})
	if n != 0 {
		t.Errorf("%g allocations", n)
	}
}
