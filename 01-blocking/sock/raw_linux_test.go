package sock

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A raw call that waits stops the whole program: other goroutines go on only until the collector wants
// to stop the world, and then nothing does. This is why NonBlocking is a type.
func TestRawCallOnBlockingDescriptorStopsTheProgram(t *testing.T) {
	for _, c := range []struct {
		name  string
		stops bool
	}{
		{"raw call on a blocking descriptor", true},
		{"raw call on a non-blocking descriptor", false},
		{"ordinary call on a blocking descriptor", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			mine, theirs, err := Pair()
			if err != nil {
				t.Fatal(err)
			}
			defer mine.Close()
			file := os.NewFile(uintptr(theirs), "the child's end")
			defer file.Close()
			said := startChild(t, c.name, file)
			lines := bufio.NewScanner(said)
			for lines.Scan() && lines.Text() != "reading" {
			}
			if c.stops {
				// Nothing happens, for as long as anybody cares to watch.
				said.SetReadDeadline(time.Now().Add(time.Second))
				collections := 0
				for lines.Scan() {
					collections++
				}
				if collections > 5 { // one may have been under way, and reports queue in the pipe
					t.Fatalf("%d collections were finished while a raw read waited", collections)
				}
				said.SetReadDeadline(time.Time{})
				lines = bufio.NewScanner(said)
				writeAll(t, mine, "x") // and it was the read that everything waited for
			}
			said.SetReadDeadline(time.Now().Add(patience))
			for collections := 0; collections < 20; collections++ {
				if !lines.Scan() {
					t.Fatalf("only %d collections were finished: %v", collections, lines.Err())
				}
			}
		})
	}
}

// readBeside collects garbage for ever and reports each collection, while another goroutine reads from
// descriptor 3.
func readBeside(m mode, read func(fd int)) {
	runtime.GOMAXPROCS(2) // so that it is not for want of a second place to run
	if err := unix.SetNonblock(3, m == nonBlocking); err != nil {
		panic(err)
	}
	reading := make(chan struct{})
	go func() {
		fmt.Println("reading")
		close(reading)
		read(3)
	}()
	<-reading
	for {
		runtime.GC()
		fmt.Println("collected")
	}
}

func rawRead(fd int)      { NonBlocking(fd).Read(make([]byte, 1)) }
func ordinaryRead(fd int) { Blocking(fd).Read(make([]byte, 1)) }

// Only a socket with a time-out is interrupted by a signal, and its caller has a deadline to look at.
func TestInterrupted(t *testing.T) {
	_, server := blockingConnection(t)
	if err := server.SetReadTimeout(patience); err != nil {
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1)
	defer signal.Stop(signals)

	thread := make(chan int)
	answer := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		_, err := server.Read(make([]byte, 1))
		answer <- err
	}()
	reader := <-thread
	for {
		// The first signals may come before the read has begun to wait: send until one ends it.
		if err := unix.Tgkill(unix.Getpid(), reader, unix.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-answer:
			if err != ErrInterrupted {
				t.Errorf("Read: %v, want ErrInterrupted", err)
			}
			return
		case <-signals: // it has been delivered; the next may be sent
		}
	}
}

// A write to a connection that has ended raises no signal, not even one that the program asked to see.
func TestNoSIGPIPE(t *testing.T) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, unix.SIGPIPE, unix.SIGWINCH)
	defer signal.Stop(signals)
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b.Close()
	if _, err := a.Write([]byte("x")); err != ErrBrokenPipe {
		t.Errorf("Write: %v, want ErrBrokenPipe", err)
	}
	// Signals that wait together are told in the order of their numbers, and SIGPIPE's is lower.
	if err := unix.Kill(unix.Getpid(), unix.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	if got := <-signals; got != unix.SIGWINCH {
		t.Errorf("the write raised %v", got)
	}
}

func TestDeferAccept(t *testing.T) {
	l, at := listener(t, Options{DeferAccept: true})
	if got := option(t, int(l), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT); got != 1 {
		t.Errorf("TCP_DEFER_ACCEPT is %d, want 1", got)
	}
	begin := time.Now()
	silent := must[NonBlocking](t)(Connect(at))
	defer silent.Close()
	await(t, silent, unix.POLLOUT)
	talker := must[NonBlocking](t)(Connect(at))
	defer talker.Close()
	await(t, talker, unix.POLLOUT)
	writeAll(t, talker, "GET")

	await(t, l, unix.POLLIN)
	first := must[NonBlocking](t)(l.Accept())
	defer first.Close()
	buffer := make([]byte, 8)
	// After a second the silent one is handed over too, so that a slow machine may see it first.
	if n, err := first.Read(buffer); string(buffer[:n]) != "GET" && time.Since(begin) < time.Second {
		t.Errorf("the first connection to come is not the one that has said something: %q, %v", buffer[:n], err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	l, at := listener(t, Options{})
	bl, bat, err := ListenBlocking("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bl.Close()
	const runs = 10
	for range runs + 1 { // AllocsPerRun calls once more, to warm up
		for _, to := range []netip.AddrPort{at, bat} {
			c := must[NonBlocking](t)(Connect(to))
			defer c.Close()
			await(t, c, unix.POLLOUT)
		}
	}
	client, server := connected(t)
	buffer := make([]byte, 16)
	for _, c := range []struct {
		name string
		call func()
	}{
		{"NonBlocking.Accept", func() { s, _ := l.Accept(); s.Close() }},
		{"Blocking.Accept", func() { s, _ := bl.Accept(); s.Close() }},
		{"Accept, nobody there", func() { l.Accept() }},
		{"Read, nothing there", func() { server.Read(buffer) }},
		{"Write and Read", func() { client.Write(buffer); server.Read(buffer) }},
	} {
		if n := testing.AllocsPerRun(runs, c.call); n != 0 {
			t.Errorf("%s allocates %g times", c.name, n)
		}
	}
}

// A connection that was accepted has the listener's TCP_USER_TIMEOUT: two minutes, in milliseconds.
func TestUnacknowledgedBytesAreLimited(t *testing.T) {
	client, server := connected(t)
	for _, fd := range []int{int(client), int(server)} {
		if got := option(t, fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != 120_000 {
			t.Errorf("descriptor %d: TCP_USER_TIMEOUT is %d ms, want 120000", fd, got)
		}
	}
}
