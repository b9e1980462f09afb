package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/c10k/01-blocking/conform"
)

// When the master is killed its workers end, whatever they have in hand: nobody is left to tell them to drain,
// and nobody is waited for. What they have here would take a minute. The second within which they are to be
// gone is asserted by make soak (TestSoakTheMasterIsKilled), in every mode.
func TestTheMasterIsKilled(t *testing.T) {
	t.Run("shared", func(t *testing.T) { masterIsKilled(t, nil) })
	t.Run("threads", func(t *testing.T) { masterIsKilled(t, nil, "-engine", "threads") })
	t.Run("exec", func(t *testing.T) { masterIsKilled(t, nil, "-mode", "exec") })
}

// masterIsKilled kills a master whose workers have a client that rests, one that has sent half a request, and
// one whose handler is in a system call; meanwhile is what else goes on, or nil. It returns how long it took
// until no process of the server was left, and the port was free.
func masterIsKilled(t *testing.T, meanwhile func(master *os.Process), args ...string) (took time.Duration) {
	t.Helper()
	master := exec.Command(build(t), append(args, "-workers", "4", "-app", "faults", "-addr", "127.0.0.1:0")...)
	server, err := conform.Start(master, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range processesOf(t, master.Path) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	address := strings.TrimPrefix(server.URL, "http://")
	var held net.Conn
	for _, last := range []string{"", request[:10], "GET /block?ms=60000 HTTP/1.1\r\nHost: c10k\r\n\r\n"} {
		conn, answers := dial(t, address)
		io.WriteString(conn, request)
		answer(t, answers) // 404, from the worker that has the connection now
		io.WriteString(conn, last)
		held = conn
	}
	untilRead(t, held)
	if meanwhile != nil {
		meanwhile(master.Process)
	}

	began := time.Now()
	master.Process.Kill()
	for { // a process that ends gives up its program first, and then its sockets
		left := processesOf(t, master.Path)
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
		}
		took = time.Since(began)
		if took > patience {
			t.Fatalf("after %v these processes of the server are left: %v; and the port: %v", took, left, err)
		}
		if len(left) == 0 && err == nil {
			return took
		}
	}
}

// processesOf lists the processes that run a program. Those that have ended and were not waited for, by
// process 1 for instance, run nothing.
func processesOf(t *testing.T, program string) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil || len(all) == 0 {
		t.Fatalf("no process is seen in /proc: %v", err)
	}
	for _, link := range all {
		if runs, err := os.Readlink(link); err == nil && runs == program {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// untilRead waits until the server has read all that was sent on a connection: nothing waits in the receive
// queue at its end, as proc_net_tcp(5) lists it.
func untilRead(t *testing.T, conn net.Conn) {
	t.Helper()
	end := func(a net.Addr) string { // the bytes of an address as one number of this machine's order
		at := a.(*net.TCPAddr)
		ip := at.IP.To4()
		return fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], at.Port)
	}
	server := end(conn.RemoteAddr()) + " " + end(conn.LocalAddr()) + " 01 00000000:00000000 "
	for began := time.Now(); ; {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(table), server) {
			return
		}
		if time.Since(began) > patience {
			t.Fatal("the server does not read what was sent")
		}
	}
}
