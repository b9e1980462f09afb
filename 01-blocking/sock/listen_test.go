package sock

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Every accepted connection has its options, and every descriptor its mode, without a call for each.
func TestOptionsOfConnections(t *testing.T) {
	l, at := listener(t, Options{})
	client, server := connected(t)
	bl, bat, err := ListenBlocking("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bl.Close()
	other := must[NonBlocking](t)(Connect(bat))
	defer other.Close()
	bserver := must[Blocking](t)(bl.Accept())
	defer bserver.Close()
	if at == bat {
		t.Errorf("two listeners were given the same port: %s", at)
	}

	assertMode(t, int(l), true)
	assertMode(t, int(bl), false)
	for fd, nonBlocking := range map[int]bool{int(client): true, int(server): true, int(bserver): false} {
		assertMode(t, fd, nonBlocking)
		for name, want := range map[int]int{
			unix.TCP_NODELAY:    1,
			keepAliveIdleOption: keepAliveIdle,
			unix.TCP_KEEPINTVL:  keepAliveInterval,
			unix.TCP_KEEPCNT:    keepAliveProbes,
		} {
			// A switch is on when it is not 0: macOS answers 4 for TCP_NODELAY.
			got := option(t, fd, unix.IPPROTO_TCP, name)
			if got != want && !(name == unix.TCP_NODELAY && got != 0) {
				t.Errorf("descriptor %d: TCP option %d is %d, want %d", fd, name, got, want)
			}
		}
		if option(t, fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 {
			t.Errorf("descriptor %d has no SO_KEEPALIVE", fd)
		}
	}
}

// An error of Listen names the address, the reason, and what to do.
func TestListenErrors(t *testing.T) {
	_, taken := listener(t, Options{})
	cases := []struct {
		addr    string
		is      error
		advises string
	}{
		{taken.String(), ErrInUse, "choose another -addr, or port 0"},
		{"192.0.2.1:0", unix.EADDRNOTAVAIL, "choose 127.0.0.1"}, // RFC 5737: nobody's address
		{"8080", nil, "write HOST:PORT"},
		{"127.0.0.1:http-over-pigeons", nil, "write HOST:PORT"},
		{"127.0.0.1:70000", nil, "write HOST:PORT"},
	}
	for _, c := range cases {
		l, _, err := ListenNonBlocking(c.addr, Options{})
		if err == nil {
			l.Close()
			t.Errorf("Listen(%q) did not fail", c.addr)
			continue
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("Listen(%q): %v: is not %v", c.addr, err, c.is)
		}
		if text := err.Error(); !strings.Contains(text, c.advises) || !strings.Contains(text, c.addr) || strings.Contains(text, "\n") {
			t.Errorf("Listen(%q): %v: want one line with the address and %q", c.addr, err, c.advises)
		}
	}
}

// Two listeners at one port, which is refused without the option.
func TestReusePort(t *testing.T) {
	_, at := listener(t, Options{ReusePort: true})
	second, again, err := ListenNonBlocking(at.String(), Options{ReusePort: true})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if again != at {
		t.Errorf("the second listener is at %s, want %s", again, at)
	}
	if third, _, err := ListenNonBlocking(at.String(), Options{}); !errors.Is(err, ErrInUse) {
		third.Close()
		t.Errorf("a listener that does not share: %v, want ErrInUse", err)
	}
}

// The queue holds what nobody has accepted, and no more than it was asked to.
func TestBacklog(t *testing.T) {
	l, at := listener(t, Options{Backlog: 8})
	for range 8 {
		client := must[NonBlocking](t)(Connect(at))
		defer client.Close()
		await(t, client, unix.POLLOUT)
		if err := client.ConnectError(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 {
		await(t, l, unix.POLLIN)
		server, err := l.Accept()
		if err != nil {
			t.Fatalf("connection %d of the queue: %v", i, err)
		}
		defer server.Close()
	}
	if _, err := l.Accept(); err != ErrAgain {
		t.Errorf("the queue should be empty: %v", err)
	}
}

// A load takes its ports from several addresses.
func TestConnectFrom(t *testing.T) {
	l, at := listener(t, Options{})
	from := netip.MustParseAddr("127.0.0.2")
	client, err := ConnectFrom(from, at)
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Skip("this system has no loopback address but 127.0.0.1 (ifconfig lo0 alias 127.0.0.2 gives one)")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	await(t, l, unix.POLLIN)
	server := must[NonBlocking](t)(l.Accept())
	defer server.Close()
	if peer := must[netip.AddrPort](t)(server.RemoteAddr()); peer.Addr() != from {
		t.Errorf("the client is at %s, want %s", peer, from)
	}
}
