package sock

import (
	"bytes"
	"io"
	"testing"

	"golang.org/x/sys/unix"
)

// segments is how many packets have come in on a connection, its handshake among them.
func segments(t *testing.T, s NonBlocking) int {
	t.Helper()
	info, err := unix.GetsockoptTCPInfo(int(s), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Segs_in)
}

// An answer and the end are one packet; with Write and CloseWrite they are two.
func TestFinishSendsTheEndWithTheLastBytes(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets int
		send    func(server NonBlocking)
	}{
		{"Finish", 1, func(server NonBlocking) {
			if n, err := server.Finish([]byte("answer")); n != len("answer") || err != nil {
				t.Errorf("Finish took %d bytes: %v", n, err)
			}
		}},
		{"Write, CloseWrite", 2, func(server NonBlocking) {
			writeAll(t, server, "answer")
			server.CloseWrite()
		}},
	} {
		client, server := connected(t)
		before := segments(t, client)
		c.send(server)
		if got, err := readAll(t, client); got != "answer" || err != nil {
			t.Errorf("%s: the client read %q, %v", c.name, got, err)
		}
		if came := segments(t, client) - before; came != c.packets {
			t.Errorf("%s: the client got %d packets, not %d", c.name, came, c.packets)
		}
		writeAll(t, client, "more") // the other direction goes on
		await(t, server, unix.POLLIN)
		if n, err := server.Read(make([]byte, 8)); n != len("more") || err != nil {
			t.Errorf("%s: the server read %d bytes, %v", c.name, n, err)
		}
	}
}

// What the socket has no room for is not the end: the rest follows.
func TestFinishOfMoreThanThereIsRoomForEndsNothing(t *testing.T) {
	client, server := connected(t)
	all := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB: more than two sockets hold
	read, ended := 0, false
	for sent, buffer := 0, make([]byte, 1<<20); !ended; {
		if sent < len(all) {
			n, err := server.Finish(all[sent:])
			if sent += n; err != nil && err != ErrAgain {
				t.Fatal(err)
			}
		}
		await(t, client, unix.POLLIN)
		n, err := client.Read(buffer)
		read += n
		if ended = err == io.EOF; !ended && err != nil && err != ErrAgain {
			t.Fatal(err)
		}
	}
	if read != len(all) {
		t.Errorf("the end came after %d bytes of %d", read, len(all))
	}
}

// Bytes that came and were not read make Close a reset. The answer is on its way before it all the same.
func TestFinishArrivesThoughCloseIsAReset(t *testing.T) {
	client, server := connected(t)
	writeAll(t, client, "nobody reads this")
	await(t, server, unix.POLLIN)
	if _, err := server.Finish([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, client, unix.POLLIN)
	buffer := make([]byte, 64)
	if n, err := client.Read(buffer); string(buffer[:n]) != "answer" || err != nil {
		t.Errorf("the client read %q, %v", buffer[:n], err)
	}
}
