package sock

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait for an event: far longer than any machine needs, so that reaching it is a
// failure and not bad luck.
const patience = 20 * time.Second

// await waits until a descriptor is ready for what is wanted of it (poll(2)).
func await(t *testing.T, s NonBlocking, want int16) {
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

// must fails the test at once if a step of its preparation failed.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func listener(t *testing.T, o Options) (NonBlocking, netip.AddrPort) {
	t.Helper()
	l, at, err := ListenNonBlocking("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, at
}

// connected is both ends of a TCP connection: the client's, and the server's as it was accepted.
func connected(t *testing.T) (client, server NonBlocking) {
	t.Helper()
	l, at := listener(t, Options{})
	client = must[NonBlocking](t)(Connect(at))
	t.Cleanup(func() { client.Close() })
	await(t, l, unix.POLLIN)
	server = must[NonBlocking](t)(l.Accept())
	t.Cleanup(func() { server.Close() })
	await(t, client, unix.POLLOUT)
	if err := client.ConnectError(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// readAll reads to the end of the stream.
func readAll(t *testing.T, s NonBlocking) (string, error) {
	t.Helper()
	var all []byte
	buffer := make([]byte, 4096)
	for {
		await(t, s, unix.POLLIN)
		n, err := s.Read(buffer)
		all = append(all, buffer[:n]...)
		switch err {
		case nil, ErrAgain:
			continue
		case io.EOF:
			return string(all), nil
		}
		return string(all), err
	}
}

func writeAll(t *testing.T, s NonBlocking, text string) {
	t.Helper()
	if n, err := s.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("Write took %d of %d bytes: %v", n, len(text), err)
	}
}

// fill writes until the kernel takes no more, and returns how much it took.
func fill(t *testing.T, s NonBlocking) int {
	t.Helper()
	total, chunk := 0, make([]byte, 64<<10)
	for {
		n, err := s.Write(chunk)
		total += n
		if err == ErrAgain {
			return total
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func option(t *testing.T, fd, level, name int) int {
	t.Helper()
	return must[int](t)(unix.GetsockoptInt(fd, level, name))
}

func flags(t *testing.T, fd, command int) int {
	t.Helper()
	return must[int](t)(unix.FcntlInt(uintptr(fd), command, 0))
}
