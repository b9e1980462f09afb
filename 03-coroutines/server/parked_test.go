//go:build amd64 && !race

// Frames differ from one architecture to the next, and the race detector's calls need stack of their
// own; the budget here is that of amd64 without it.

package server_test

import (
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/server"
	"example.com/c10k/03-coroutines/system"
)

// What a client that waits may cost. A coroutine begins with a stack of 2,048 bytes, and one that ever
// needed more keeps 4,096 while it is parked: the collector gives nothing back of a stack of which more
// than a quarter is in use. So the whole way down, from the scheduler to the deepest call that a request
// makes, has to fit; one large frame anywhere costs ten thousand clients 20 MB.
//
// Of the heap, some 700 bytes are the runtime's: 490 for a goroutine's descriptor (runtime.g), 200 for
// iter.Pull. Ours are the coroutine, the connection, what serve knows of it, and the handler's channel.
const (
	parkedStack = 2200 // bytes of MemStats.StackInuse
	parkedHeap  = 1180 // bytes of MemStats.HeapAlloc
)

func TestParkedStack(t *testing.T) {
	waiters := min(10_000, (sock.DescriptorLimit()-200)/2) // both ends are in this process
	if testing.Short() {
		waiters = min(2000, waiters)
	}
	at := serveComet(t)
	for range 2000 { // whoever waits on a coroutine that is used again inherits its stack
		c := dial(t, at)
		exchange(t, c, browserRequest)
		unix.Close(c)
	}
	asking := dial(t, at)
	defer unix.Close(asking)
	exchange(t, asking, countRequest)

	var clients []int
	defer func() {
		for _, c := range clients {
			unix.Close(c)
		}
	}()
	stackBefore, heapBefore := memory()
	for range waiters {
		c := dial(t, at)
		clients = append(clients, c)
		exchange(t, c, browserRequest)
		send(t, c, waitRequest)
	}
	for exchange(t, asking, countRequest) != waiters {
		runtime.Gosched()
	}
	stack, heap := memory()
	stack, heap = (stack-stackBefore)/waiters, (heap-heapBefore)/waiters
	t.Logf("a client that waits costs %d bytes of stack and %d of heap", stack, heap)
	if stack > parkedStack {
		t.Errorf("%d waiters keep %d bytes of stack each, more than %d", waiters, stack, parkedStack)
	}
	if heap > parkedHeap {
		t.Errorf("%d waiters keep %d bytes of heap each, more than %d", waiters, heap, parkedHeap)
	}
}

const (
	waitRequest  = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
	countRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

	browserRequest = "GET /count HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\nAccept: */*\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nContent-Length: 4\r\n\r\nbody"
)

// memory is what the stacks and the heap of this process take, once the garbage is gone.
func memory() (stack, heap int) {
	runtime.GC()
	runtime.GC() // the second one sweeps what the first has found
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse), int(m.HeapAlloc)
}

// serveComet runs the server until the test ends.
func serveComet(t *testing.T) netip.AddrPort {
	t.Helper()
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	s := coro.New(kernel, coro.Options{})
	l, err := s.Listen("127.0.0.1:0", coro.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := app.New("comet", s)
	if err != nil {
		t.Fatal(err)
	}
	o := serve.Options{Handler: handler, Timeouts: serve.DefaultTimeouts, Now: s.Now}
	ended := make(chan error)
	go func() {
		ended <- s.Run(func() { (&server.Server{Scheduler: s, Listener: l, Options: o, Most: 1 << 20}).Serve() })
	}()
	t.Cleanup(func() {
		s.Post(s.Stop)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		kernel.End()
	})
	return l.At()
}

// The clients are bare descriptors, because everything else would be measured too.

func dial(t *testing.T, to netip.AddrPort) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		t.Fatal(err)
	}
	return fd
}

func send(t *testing.T, fd int, request string) {
	t.Helper()
	if _, err := unix.Write(fd, []byte(request)); err != nil {
		t.Fatal(err)
	}
}

// exchange sends a request and returns the number that is the answer's body.
func exchange(t *testing.T, fd int, request string) int {
	t.Helper()
	send(t, fd, request)
	var answer [1024]byte
	n, err := unix.Read(fd, answer[:])
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(answer[:n]), "\r\n\r\n")
	number, err := strconv.Atoi(body)
	if err != nil {
		t.Fatalf("answered %q", answer[:n])
	}
	return number
}
