package main

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
)

const request = "GET / HTTP/1.1\r\nHost: c10k\r\n\r\n"

func TestAStopFinishesWhatIsUnderWay(t *testing.T) {
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) {
			// One worker, so that the end of one connection tells that the drain has begun for the other.
			address, process, command := serve(t, "-workers", "1", "-engine", engine, "-defer-accept=false")
			idle, idleAnswers := dial(t, address)
			io.WriteString(idle, request)
			answer(t, idleAnswers)
			half, halfAnswers := dial(t, address)
			io.WriteString(half, request+request[:10]) // the answer to the first tells that the half has arrived
			answer(t, halfAnswers)

			process.Process.Signal(syscall.SIGTERM)
			if _, err := idleAnswers.ReadByte(); err != io.EOF {
				t.Errorf("the connection between two requests: %v, want its end", err)
			}
			io.WriteString(half, request[10:])
			if a := answer(t, halfAnswers); a.StatusCode != 200 || !a.Close {
				t.Errorf("the request under way: status %d, close %v; want 200 and the end of the connection", a.StatusCode, a.Close)
			}
			select {
			case <-command.Ended():
			case <-time.After(patience):
				t.Error("nobody is left, and the server goes on")
			}
		})
	}
}

// A worker that may have few descriptors leaves what it cannot hold to the listener's queue: everybody is
// served in the end, and accept never fails for want of a descriptor.
func TestAFullWorkerLeavesTheRestInTheQueue(t *testing.T) {
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) {
			built := build(t)
			command, err := conform.Start(exec.Command("sh", "-c", "ulimit -n 100; exec \"$0\" \"$@\"", built,
				"-workers", "1", "-engine", engine, "-defer-accept=false", "-addr", "127.0.0.1:0"), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := command.Stop(); err != nil {
					t.Error(err)
				}
			})
			var answers []*bufio.Reader
			var conns []net.Conn
			for range 150 {
				conn, r := dial(t, strings.TrimPrefix(command.URL, "http://"))
				io.WriteString(conn, request)
				conns, answers = append(conns, conn), append(answers, r)
			}
			for i := range conns { // accepted in the order in which they came; each makes room for another
				if a := answer(t, answers[i]); a.StatusCode != 200 {
					t.Fatalf("connection %d: status %d", i, a.StatusCode)
				}
				conns[i].Close()
			}
			if said := command.Said(); strings.Contains(said, "no descriptor") {
				t.Errorf("the server complained:%s", said)
			}
		})
	}
}
