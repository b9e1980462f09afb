package experiment_test

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
	"example.com/c10k/01-blocking/experiment"
)

// A queue holds its backlog and one more. Who finds it full hears nothing, and tries again a second later,
// although the server accepts everybody at once by then.
func TestAFullQueueCostsASecond(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a full queue does with a further client differs between systems; this is Linux's way: run it there")
	}
	const backlog, clients = 5, 10
	short, err := experiment.Queue{Backlog: backlog, Clients: clients}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if short.Connected != backlog+1 {
		t.Errorf("a backlog of %d held %d connections", backlog, short.Connected)
	}
	if short.Slowest < 900*time.Millisecond {
		t.Errorf("the slowest of the clients that were dropped needed %v, less than a retransmission", short.Slowest)
	}
	long, err := experiment.Queue{Backlog: 100, Clients: clients}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if long.Connected != clients {
		t.Errorf("a backlog of 100 held %d of %d connections", long.Connected, clients)
	}
}

// The load counts what it should: as many requests as were asked for, and percentiles in their order.
func TestTheLoadAgainstAServer(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), experiment.ChildVariable+"=100")
	server, err := conform.Start(child, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	result, err := experiment.Backlog{Address: strings.TrimPrefix(server.URL, "http://"), Clients: 10, Requests: 200, Longest: 20 * time.Second}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if result.GivenUp > 0 {
		t.Errorf("%d requests were given up", result.GivenUp)
	}
	if result.Median <= 0 || result.Median > result.P99 || result.P99 > result.Worst {
		t.Errorf("out of order: %+v", result)
	}
}

func TestMain(m *testing.M) {
	experiment.Child()
	os.Exit(m.Run())
}

// A server that does not come to accept is given up, and the time that was waited counts.
func TestALoadEnds(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	const longest = 50 * time.Millisecond
	result, err := experiment.Backlog{Address: silent.Addr().String(), Clients: 2, Requests: 4, Longest: longest}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if result.GivenUp != 4 || result.Worst != longest {
		t.Errorf("%d of 4 requests were given up, the worst after %v", result.GivenUp, result.Worst)
	}
}
