package sock

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Where nothing is free, a connection is refused instead of left in the queue.
func TestReserve(t *testing.T) {
	lines := bufio.NewScanner(startChild(t, "no descriptor free", nil))
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	want := []string{
		"accept: " + ErrNoDescriptors.Error(),
		"refuse: <nil>",
		"the first client reads: 0, EOF",
		"refuse: <nil>",
		"the second client reads: 0, EOF",
		"refuse, nobody there: " + ErrAgain.Error(),
		"accept, one descriptor free: <nil>",
		"accept, none again: " + ErrNoDescriptors.Error(),
	}
	if got := strings.Join(said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the child said\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func runOutOfDescriptors() {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	l, at, err := ListenNonBlocking("127.0.0.1:0", Options{})
	check(err)
	reserve, err := NewReserve()
	check(err)
	var clients []NonBlocking
	for range 2 {
		client, err := Connect(at)
		check(err)
		clients = append(clients, client)
	}
	awaitAll := func(s NonBlocking, want int16) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s), Events: want}}, int(patience.Milliseconds()))
		for err == unix.EINTR {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(s), Events: want}}, int(patience.Milliseconds()))
		}
		if n == 0 {
			panic("nothing happened on the client's side")
		}
	}
	for _, client := range clients {
		awaitAll(client, unix.POLLOUT) // connected, so in the queue
	}
	const few = 64
	check(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: few, Max: few}))
	if DescriptorLimit() != few {
		panic("DescriptorLimit does not see the limit")
	}
	last := -1
	for {
		fd, err := unix.FcntlInt(uintptr(l), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			break
		}
		last = fd
	}

	_, err = l.Accept()
	fmt.Println("accept:", err)
	for i, which := range []string{"first", "second"} {
		fmt.Println("refuse:", reserve.Refuse(l))
		awaitAll(clients[i], unix.POLLIN)
		n, err := clients[i].Read(make([]byte, 1))
		fmt.Printf("the %s client reads: %d, %v\n", which, n, err)
	}
	fmt.Println("refuse, nobody there:", reserve.Refuse(l))
	for i := range clients { // two clients went, two others come in their places
		check(clients[i].Close())
		clients[i], err = Connect(at)
		check(err)
		awaitAll(clients[i], unix.POLLOUT)
	}
	check(unix.Close(last))
	_, err = l.Accept()
	fmt.Println("accept, one descriptor free:", err)
	_, err = l.Accept()
	fmt.Println("accept, none again:", err)
}
