package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// Document 002 asked whether it makes a difference that each worker calls listen(2) on the socket that it
// inherits, after the fork, or that the master has done so before. It makes none: the socket is one, whoever
// calls; the first call opens the queue, and each later one sets its bound, the backlog, and nothing else.
// So workers, 8 or 12, that call listen with a backlog of n leave exactly the queue that a master leaves which
// has called it with n.
func TestListenBeforeOrAfterTheFork(t *testing.T) {
	const backlog = 16
	if bound := boundOfTheQueue(t, backlog, 0, 0); bound != backlog {
		t.Errorf("a master that listens with a backlog of %d has a queue for %d", backlog, bound)
	}
	for _, workers := range []int{8, 12} {
		if bound := boundOfTheQueue(t, 0, workers, backlog); bound != backlog {
			t.Errorf("%d workers that listen after the fork have a queue for %d, and one master has one for %d", workers, bound, backlog)
		}
		if bound := boundOfTheQueue(t, 4*backlog, workers, backlog); bound != backlog {
			t.Errorf("%d workers that listen once more: the queue is for %d, want %d, which the last call has said", workers, bound, backlog)
		}
	}
}

// boundOfTheQueue binds a socket, listens with a backlog unless that is 0, and lets so many processes inherit
// it and listen with theirs. It returns what the kernel says of the socket's queue. Clients that were in it
// before have to be in it afterwards: to listen again does not begin anew.
func boundOfTheQueue(t *testing.T, before, workers, after int) (bound int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.NewFile(uintptr(fd), "socket")
	defer socket.Close()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port)
	clients := 0
	if before > 0 {
		if err := unix.Listen(fd, before); err != nil {
			t.Fatal(err)
		}
		for clients = range 5 {
			dial(t, address)
		}
		clients++
	}
	for range workers {
		worker := exec.Command("/proc/self/exe")
		worker.Env = append(os.Environ(), fmt.Sprintf("%s=%d", listenVariable, after))
		worker.ExtraFiles = []*os.File{socket}
		if said, err := worker.CombinedOutput(); err != nil {
			t.Fatalf("a worker: %v: %s", err, said)
		}
	}
	for range 3 {
		dial(t, address)
	}
	// Of a listener TCP_INFO tells the queue's length and its bound, in two fields that a listener has no
	// other use for (tcp_get_info in the kernel; ss -l shows them).
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	if held := int(info.Unacked); held != clients+3 {
		t.Errorf("%d clients are in the queue, want %d", held, clients+3)
	}
	return int(info.Sacked)
}
