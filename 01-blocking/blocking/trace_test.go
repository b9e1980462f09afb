package blocking_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"example.com/c10k/01-blocking/app"
	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/serve"
	"example.com/c10k/01-blocking/sock"
	"example.com/c10k/01-blocking/trace"
)

// A handler that waits is seen waiting, in the lane of the connection that it serves, although it knows of no
// connection.
func TestAHandlersWaitIsRecorded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the connection of a waiting handler is found by its thread's number, which only Linux tells")
	}
	listener, at, err := sock.ListenBlocking("127.0.0.1:0", sock.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := trace.New(time.Now, 0)
	model := &blocking.Threads{Trace: r}
	server := &blocking.Server{Listener: listener, Model: model, Most: 10, Trace: r,
		Options: serve.Options{Handler: app.NewComet(model).Handle, Now: time.Now}}
	// It is left running: a thread inside accept hears nobody. It ends with this test's process.
	go server.Serve()

	waits := dial(t, at.String(), "/wait")
	for answer(t, dial(t, at.String(), "/")) != "1" { // until it does wait
	}
	answer(t, dial(t, at.String(), "/notify"))
	answer(t, waits)

	lane := r.Recording("a wait").Lanes()[0]
	states := []string{}
	for _, s := range lane.Spans {
		states = append(states, fmt.Sprint(s.State, " ", s.For))
	}
	want := []string{"running ", "waiting read", "running ", "waiting wake", "running ", "waiting write", "running "}
	if fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("the client of /wait was %q, and should have been %q", states, want)
	}
	if lane.Closed == trace.Never || lane.Strand == 0 {
		t.Errorf("its end or its thread is missing: %+v", lane)
	}
}

func dial(t *testing.T, address, target string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target)
	return c
}

// answer reads to the end of the stream and returns the body's last byte: all bodies here are one digit.
func answer(t *testing.T, c net.Conn) string {
	t.Helper()
	all, err := io.ReadAll(c)
	if err != nil || len(all) == 0 {
		t.Fatalf("the answer is %q, %v", all, err)
	}
	return string(all[len(all)-1])
}
