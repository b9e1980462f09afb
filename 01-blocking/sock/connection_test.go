package sock

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNonBlockingTalk(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0", ":0"} {
		t.Run(addr, func(t *testing.T) {
			l, at, err := ListenNonBlocking(addr, Options{})
			if err != nil && strings.HasPrefix(addr, "[") && !hasIPv6() {
				t.Skip("this machine has no IPv6 loopback address: sysctl net.ipv6.conf.lo.disable_ipv6=0 gives one on Linux")
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if addr == ":0" { // listens everywhere; a client has to go somewhere
				at = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port())
			}
			client := must[NonBlocking](t)(Connect(at))
			defer client.Close()
			await(t, l, unix.POLLIN)
			server := must[NonBlocking](t)(l.Accept())
			defer server.Close()

			await(t, client, unix.POLLOUT)
			mine := must[netip.AddrPort](t)(client.LocalAddr())
			theirs := must[netip.AddrPort](t)(server.RemoteAddr())
			if mine != theirs {
				t.Errorf("the client is at %s, and the server sees it at %s", mine, theirs)
			}
			if there := must[netip.AddrPort](t)(client.RemoteAddr()); there != at {
				t.Errorf("the client is connected to %s, the listener is at %s", there, at)
			}

			writeAll(t, client, "ping")
			if err := client.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := readAll(t, server); got != "ping" || err != nil {
				t.Fatalf("the server read %q, %v", got, err)
			}
			writeAll(t, server, "pong") // after a half-close the answer still travels
			if err := server.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := readAll(t, client); got != "pong" || err != nil {
				t.Fatalf("the client read %q, %v", got, err)
			}
		})
	}
}

func hasIPv6() bool {
	l, _, err := ListenNonBlocking("[::1]:0", Options{})
	l.Close()
	return err == nil
}

// A listener at [::] serves both families, and shows an IPv4 client as IPv4.
func TestBothFamilies(t *testing.T) {
	if !hasIPv6() {
		t.Skip("this machine has no IPv6 loopback address: sysctl net.ipv6.conf.lo.disable_ipv6=0 gives one on Linux")
	}
	l, at, err := ListenNonBlocking("[::]:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, host := range []string{"127.0.0.1", "::1"} {
		from := netip.MustParseAddr(host)
		client := must[NonBlocking](t)(Connect(netip.AddrPortFrom(from, at.Port())))
		defer client.Close()
		await(t, l, unix.POLLIN)
		server := must[NonBlocking](t)(l.Accept())
		defer server.Close()
		if got := must[netip.AddrPort](t)(server.RemoteAddr()); got.Addr() != from {
			t.Errorf("a client from %s is shown as %s", from, got)
		}
	}
}

func TestNothingToDoIsErrAgain(t *testing.T) {
	l, _ := listener(t, Options{})
	if _, err := l.Accept(); err != ErrAgain {
		t.Errorf("Accept on an empty queue: %v, want ErrAgain", err)
	}
	client, server := connected(t)
	if n, err := server.Read(make([]byte, 10)); n != 0 || err != ErrAgain {
		t.Errorf("Read with nothing there: %d, %v, want 0, ErrAgain", n, err)
	}
	if n, err := server.Read(nil); n != 0 || err != nil {
		t.Errorf("Read into no bytes: %d, %v, want 0, nil: it is not the end", n, err)
	}
	written := fill(t, client)
	if n, err := client.Write([]byte("x")); n != 0 || err != ErrAgain {
		t.Errorf("Write with no room: %d, %v, want 0, ErrAgain", n, err)
	}
	client.Close()
	got, err := readAll(t, server)
	if len(got) != written || err != nil {
		t.Errorf("of %d bytes %d arrived, %v", written, len(got), err)
	}
}

func TestReset(t *testing.T) {
	client, server := connected(t)
	writeAll(t, client, "never read")
	await(t, server, unix.POLLIN)
	if err := server.Close(); err != nil { // with unread bytes: the kernel sends a reset
		t.Fatal(err)
	}
	await(t, client, unix.POLLIN)
	if _, err := client.Read(make([]byte, 10)); err != ErrReset {
		t.Errorf("Read after a reset: %v, want ErrReset", err)
	}
	if _, err := client.Write([]byte("x")); err != ErrBrokenPipe {
		t.Errorf("Write after the reset was told: %v, want ErrBrokenPipe", err)
	}
	if _, err := client.RemoteAddr(); err != ErrNotConnected {
		t.Errorf("RemoteAddr after a reset: %v, want ErrNotConnected", err)
	}
}

func TestConnectRefused(t *testing.T) {
	l, at := listener(t, Options{})
	l.Close()
	client, err := Connect(at)
	if err == nil { // some systems know at once
		defer client.Close()
		await(t, client, unix.POLLOUT)
		err = client.ConnectError()
	}
	if err != ErrRefused {
		t.Errorf("Connect to a closed port: %v, want ErrRefused", err)
	}
}

func TestPair(t *testing.T) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, end := range []NonBlocking{a, b} {
		assertMode(t, int(end), true)
	}
	writeAll(t, a, "wake")
	a.Close()
	if got, err := readAll(t, b); got != "wake" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if addr, err := b.LocalAddr(); err == nil {
		t.Errorf("a pair has the address %s; it has none", addr)
	}
}

// What another process passes on may be in any mode.
func TestAdopt(t *testing.T) {
	_, server := connected(t)
	fd := must[int](t)(unix.Dup(int(server))) // dup(2) clears close-on-exec
	defer unix.Close(fd)
	if _, err := AdoptBlocking(fd); err != nil {
		t.Fatal(err)
	}
	assertMode(t, fd, false)
	if flags(t, int(server), unix.F_GETFL)&unix.O_NONBLOCK != 0 {
		t.Error("the mode belongs to the number, but it should belong to the open socket")
	}
	if _, err := AdoptNonBlocking(fd); err != nil {
		t.Fatal(err)
	}
	assertMode(t, fd, true)
	if _, err := AdoptNonBlocking(int(^uint32(0) >> 1)); err == nil {
		t.Error("a number that is no descriptor was adopted")
	}
}

// assertMode checks what every descriptor of this package has to have.
func assertMode(t *testing.T, fd int, nonBlocking bool) {
	t.Helper()
	if flags(t, fd, unix.F_GETFD)&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor %d would be inherited by every program that is started", fd)
	}
	if got := flags(t, fd, unix.F_GETFL)&unix.O_NONBLOCK != 0; got != nonBlocking {
		t.Errorf("descriptor %d: O_NONBLOCK is %t, want %t", fd, got, nonBlocking)
	}
}
