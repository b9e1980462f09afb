package sock

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func blockingConnection(t *testing.T) (client NonBlocking, server Blocking) {
	t.Helper()
	l, at, err := ListenBlocking("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	client = must[NonBlocking](t)(Connect(at))
	t.Cleanup(func() { client.Close() })
	server = must[Blocking](t)(l.Accept())
	t.Cleanup(func() { server.Close() })
	return client, server
}

func TestBlockingTalk(t *testing.T) {
	client, server := blockingConnection(t)
	await(t, client, unix.POLLOUT)
	writeAll(t, client, "ping")
	buffer := make([]byte, 64)
	if n, err := server.Read(buffer); string(buffer[:n]) != "ping" || err != nil {
		t.Fatalf("the server read %q, %v", buffer[:n], err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Read(nil); n != 0 || err != nil {
		t.Errorf("Read into no bytes: %d, %v, want 0, nil: it is not the end", n, err)
	}
	if n, err := server.Read(buffer); n != 0 || err != io.EOF {
		t.Errorf("Read at the end: %d, %v, want 0, io.EOF", n, err)
	}
	if n, err := server.Write([]byte("pong")); n != 4 || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	if err := server.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t, client); got != "pong" || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
}

// A blocking write takes everything, however much room there is: another strand has to read.
func TestBlockingWriteTakesAll(t *testing.T) {
	client, server := blockingConnection(t)
	const size = 8 << 20 // more than the kernel's buffers hold
	finished := make(chan error, 1)
	go func() {
		n, err := server.Write(make([]byte, size))
		if n != size {
			t.Errorf("Write took %d of %d bytes", n, size)
		}
		server.CloseWrite()
		finished <- err
	}()
	got, err := readAll(t, client)
	if len(got) != size || err != nil {
		t.Errorf("%d of %d bytes arrived, %v", len(got), size, err)
	}
	if err := <-finished; err != nil {
		t.Error(err)
	}
}

func TestTimeouts(t *testing.T) {
	_, server := blockingConnection(t)
	for _, d := range []time.Duration{30 * time.Millisecond, 1, -time.Second} {
		if err := server.SetReadTimeout(d); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if n, err := server.Read(make([]byte, 10)); n != 0 || err != ErrTimeout {
			t.Errorf("Read with a time-out of %v: %d, %v, want 0, ErrTimeout", d, n, err)
		}
		if took := time.Since(begin); took < d {
			t.Errorf("Read with a time-out of %v returned after %v", d, took)
		}
	}
	if err := server.SetWriteTimeout(30 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Write(make([]byte, 64<<20)); n == 0 || n == 64<<20 || err != nil {
		t.Errorf("Write to a client that does not read: %d, %v, want a part and no error", n, err)
	}
	for { // the client's kernel may still find some room
		n, err := server.Write(make([]byte, 1<<20))
		if err == nil {
			continue
		}
		if n != 0 || err != ErrTimeout {
			t.Errorf("Write with no room: %d, %v, want 0, ErrTimeout", n, err)
		}
		break
	}
}

// 0 is for ever: it takes the time-out away again.
func TestTimeoutZeroIsForEver(t *testing.T) {
	client, server := blockingConnection(t)
	for _, d := range []time.Duration{time.Microsecond, 0} {
		if err := server.SetReadTimeout(d); err != nil {
			t.Fatal(err)
		}
	}
	limit, err := unix.GetsockoptTimeval(int(server), unix.SOL_SOCKET, unix.SO_RCVTIMEO)
	if err != nil {
		t.Fatal(err)
	}
	if limit.Sec != 0 || limit.Usec != 0 {
		t.Errorf("the socket still has a time-out of %d.%06d s", limit.Sec, limit.Usec)
	}
	await(t, client, unix.POLLOUT)
	writeAll(t, client, "late")
	if n, err := server.Read(make([]byte, 10)); n != 4 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func TestAcceptTimeout(t *testing.T) {
	l, at, err := ListenBlocking("127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.SetReadTimeout(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); err != ErrTimeout {
		t.Errorf("Accept with nobody there: %v, want ErrTimeout", err)
	}
	client := must[NonBlocking](t)(Connect(at))
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
}

func TestBlockingBrokenPipe(t *testing.T) {
	client, server := blockingConnection(t)
	if _, err := server.Write([]byte("never read")); err != nil {
		t.Fatal(err)
	}
	await(t, client, unix.POLLIN)
	client.Close()
	if _, err := server.Read(make([]byte, 10)); err != ErrReset {
		t.Errorf("Read after a reset: %v, want ErrReset", err)
	}
	if _, err := server.Write([]byte("x")); err != ErrBrokenPipe {
		t.Errorf("Write after a reset: %v, want ErrBrokenPipe", err)
	}
}
