package loop

import (
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"example.com/c10k/01-blocking/http1"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/02-selectors/poll"
)

// What is measured here is this process's heap, so the clients must take none of it: they are bare
// descriptors, in non-blocking mode, and wait in a poller of their own.
type crowd struct {
	clients []sock.NonBlocking
	poller  poll.Poller
	events  [1]poll.Event
	in      [4 << 10]byte
}

func gather(t testing.TB, at netip.AddrPort, n int) *crowd {
	t.Helper()
	p, err := poll.New("")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{poller: p, clients: make([]sock.NonBlocking, 0, n)}
	t.Cleanup(func() {
		for _, client := range c.clients {
			p.Set(int(client), 0)
			client.Close()
		}
		p.Close()
	})
	for range n {
		client, err := sock.Connect(at)
		if err != nil {
			t.Fatal(err)
		}
		c.clients = append(c.clients, client)
		c.wait(t, client, poll.Write)
		if err := client.ConnectError(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crowd) wait(t testing.TB, client sock.NonBlocking, what poll.Interest) {
	if err := c.poller.Set(int(client), what); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := c.poller.Wait(c.events[:], -1)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			break
		}
	}
	if err := c.poller.Set(int(client), 0); err != nil {
		t.Fatal(err)
	}
}

// ask makes a request and reads its answer, which is small and comes in one piece.
func (c *crowd) ask(t testing.TB, client sock.NonBlocking, request []byte) {
	if n, err := client.Write(request); n != len(request) {
		t.Fatal(err)
	}
	c.wait(t, client, poll.Read)
	if n, err := client.Read(c.in[:]); err != nil || string(c.in[:15]) != "HTTP/1.1 200 OK" {
		t.Fatalf("got %q, %v", c.in[:n], err)
	}
}

func listen(t testing.TB, h Handler, o Options) netip.AddrPort {
	t.Helper()
	p, err := poll.New("")
	if err != nil {
		t.Fatal(err)
	}
	l, at, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(l, p, h, o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Run() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		held := slices.ContainsFunc(s.connections, func(c *connection) bool { return c != nil })
		if s.open != 0 || held || len(s.timers.heap) != 0 {
			t.Errorf("a server that has ended holds %d connections and %d timers", s.open, len(s.timers.heap))
		}
	})
	return at
}

var (
	hello    = http1.Response{Type: "text/plain", Body: []byte("Hello, World!")}
	getHello = []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	getWait  = []byte("GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
)

// A connection between two requests costs the heap at most 300 bytes: its state machine, its place in the
// table, and its timer. One that waits for the answer to a parked exchange costs no more; what the
// application keeps of it is the application's.
func TestMemory(t *testing.T) {
	n := min(2000, sock.DescriptorLimit()/2-2*sock.Reserved)
	if n < 500 {
		t.Skipf("%d descriptors are too few to measure: raise the limit with ulimit -n %d", sock.DescriptorLimit(), 2*(500+2*sock.Reserved))
	}
	t.Logf("a connection's state machine has %d bytes", unsafe.Sizeof(connection{}))
	parked := make(chan struct{}, n)
	handler := func(x *Exchange) {
		if string(x.Request.Target) == "/wait" {
			x.Park(nil)
			parked <- struct{}{}
			return
		}
		x.Respond(&hello)
	}
	at := listen(t, handler, Options{Timeouts: serve.DefaultTimeouts})
	first := gather(t, at, 1)
	first.ask(t, first.clients[0], getHello) // what the first request costs once is not a connection's

	before := heap()
	crowd := gather(t, at, n)
	for _, client := range crowd.clients {
		crowd.ask(t, client, getHello)
	}
	idle := float64(heap()-before) / float64(n)
	t.Logf("%d idle connections cost %.0f bytes each", n, idle)
	const most = 300
	if idle > most {
		t.Errorf("an idle connection costs %.0f bytes, more than %d", idle, most)
	}

	for _, client := range crowd.clients {
		if sent, err := client.Write(getWait); sent != len(getWait) {
			t.Fatal(err)
		}
	}
	for range crowd.clients {
		<-parked
	}
	waiting := float64(heap()-before) / float64(n)
	t.Logf("%d parked exchanges cost %.0f bytes each", n, waiting)
	if waiting > most {
		t.Errorf("a parked exchange costs %.0f bytes, more than %d", waiting, most)
	}
	runtime.KeepAlive(crowd)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A request on a connection that is open allocates nothing.
func TestARequestAllocatesNothing(t *testing.T) {
	at := listen(t, func(x *Exchange) { x.Respond(&hello) }, Options{Timeouts: serve.DefaultTimeouts})
	crowd := gather(t, at, 1)
	if n := testing.AllocsPerRun(1000, func() { crowd.ask(t, crowd.clients[0], getHello) }); n != 0 {
		t.Errorf("a request allocates %v times", n)
	}
}

func BenchmarkHello(b *testing.B) {
	at := listen(b, func(x *Exchange) { x.Respond(&hello) }, Options{Timeouts: serve.DefaultTimeouts})
	crowd := gather(b, at, 1)
	b.ReportAllocs()
	for b.Loop() {
		crowd.ask(b, crowd.clients[0], getHello)
	}
}
