//go:build soak

package audience

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
)

// A bully does to a server what clients can do. Its requests go over a connection of its own, which it has before
// it begins: for a new one there may be no descriptor.
type bully struct {
	*testing.T
	server *realServer
	limit  int // descriptors of each of its processes
	client *http.Client
	did    struct{ exhausted, stalled int }
}

// limitedShell starts a program that may open so many descriptors, and whose children may not open more.
func limitedShell(t *testing.T, descriptors int) string {
	script := filepath.Join(t.TempDir(), "limited")
	if err := os.WriteFile(script, fmt.Appendf(nil, "ulimit -n %d\nexec \"$@\"\n", descriptors), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sh " + script + " "
}

func newBully(t *testing.T, s *realServer, limit int) *bully {
	return &bully{T: t, server: s, limit: limit,
		client: &http.Client{Timeout: Patience, Transport: &http.Transport{MaxConnsPerHost: 1}}}
}

// statistics asks until it is answered.
func (b *bully) statistics() (all statistics) {
	all, err := b.server.ask(b.client)
	if err != nil {
		b.Error(err)
	}
	return all
}

// await waits for what only asking can show. Each question is a round through all of the server's processes, so it
// paces itself.
func (b *bully) await(what string, happened func(statistics) bool) bool {
	end := time.Now().Add(Patience)
	for !happened(b.statistics()) {
		if time.Now().After(end) {
			b.Errorf("it never came about that %s: %+v", what, b.statistics())
			return false
		}
	}
	return true
}

func (b *bully) publish(topic, text string) {
	answer, err := b.client.Post(b.server.URL+"/topics/"+topic, "text/plain", strings.NewReader(text))
	if err != nil {
		b.Error(err)
		return
	}
	io.Copy(io.Discard, answer.Body)
	if answer.Body.Close(); answer.StatusCode != http.StatusOK {
		b.Errorf("publishing is answered %s", answer.Status)
	}
}

// connect sends a request on a new connection.
func (b *bully) connect(dialer net.Dialer, target string) (*net.TCPConn, error) {
	stream, err := dialer.Dial("tcp", strings.TrimPrefix(b.server.URL, "http://"))
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(stream, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target)
	return stream.(*net.TCPConn), err
}

const (
	// surplus is how many connections wait in the listener's queue while the server is full. Whenever a client is
	// cut off one of these takes its place, so that it stays full; the queue holds 4096.
	surplus = 1000

	// fullFor is how many publications a server is full for, one every 50 ms.
	fullFor = 40
)

// exhaust uses up the descriptors of all workers. Whoever was there before goes on to be served, and who comes too late
// waits; when the connections are reset he is answered, and all is as it was.
func (b *bully) exhaust() {
	b.did.exhausted++
	follower, err := b.connect(net.Dialer{}, "/stream?topic=while-full")
	if err != nil {
		b.Error(err)
		return
	}
	defer follower.Close()
	follower.SetDeadline(time.Now().Add(2 * Patience))
	lines := bufio.NewScanner(follower)
	until(lines, "id: ")
	workers := len(b.statistics().Workers)
	var all []*net.TCPConn
	defer func() {
		for _, c := range all {
			c.SetLinger(0) // a reset
			c.Close()
		}
		b.await("the connections that used up everything are discounted", func(s statistics) bool { return s.Waiting == 0 })
	}()
	for range workers*b.limit + surplus {
		c, err := b.connect(net.Dialer{}, "/wait")
		if err != nil {
			b.Error(err)
			return
		}
		all = append(all, c)
	}
	if !b.await("the server is full", b.isFull) {
		return
	}
	late, err := b.connect(net.Dialer{}, "/healthz")
	if err != nil {
		b.Error(err)
		return
	}
	all = append(all, late)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range fullFor {
		text := fmt.Sprint("full ", i)
		if b.publish("while-full", text); !until(lines, "data: "+text) {
			b.Errorf("a client that was there before the server was full is not told %q: %v", text, lines.Err())
			return
		}
		<-tick.C
	}
	if !b.isFull(b.statistics()) {
		b.Errorf("the server is not full any more: %+v", b.statistics())
	}
	if answered(late) {
		b.Error("who came too late is not kept waiting")
	}
	for _, c := range all[:len(all)-1] {
		c.SetLinger(0)
		c.Close()
	}
	late.SetReadDeadline(time.Now().Add(Patience))
	if answer, err := http.ReadResponse(bufio.NewReader(late), nil); err != nil || answer.StatusCode != http.StatusOK {
		b.Errorf("who came too late is not served when there is room again: %v", err)
	}
}

// answered tells whether an answer, or the end, has come already.
func answered(c *net.TCPConn) (yes bool) {
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
			yes = err != unix.EAGAIN
		})
	}
	return yes || err != nil
}

// isFull tells whether every worker has as many connections as it takes.
func (b *bully) isFull(s statistics) bool {
	for _, w := range s.Workers {
		if w.Descriptors < b.limit-sock.Reserved {
			return false
		}
	}
	return len(s.Workers) > 0
}

// until reads lines up to one that begins so.
func until(lines *bufio.Scanner, begin string) bool {
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), begin) {
			return true
		}
	}
	return false
}

const (
	// smallWindow and smallSegment are what a client asks for that wants to take little: the kernel gives a
	// connection send and receive buffers for some segments, so that a few messages fill it.
	smallWindow, smallSegment = 4096, 536

	// stallingMost is how many messages of stallingSize a client that takes nothing is sent: more than such a
	// connection holds, and less than a server's history.
	stallingMost, stallingSize = 40, 20_000
)

// stall opens a stream and reads nothing of it, until the server closes it.
func (b *bully) stall() {
	b.did.stalled++
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, smallWindow)
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, smallSegment)
		})
	}}
	slow := func(s statistics) (n uint64) {
		for _, w := range s.Workers {
			n += w.Slow
		}
		return n
	}
	before := slow(b.statistics())
	c, err := b.connect(dialer, "/stream?topic=stalled")
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	text := strings.Repeat("x", stallingSize)
	for range stallingMost {
		b.publish("stalled", text)
	}
	b.await("the stream of a client that takes nothing is closed", func(s statistics) bool { return slow(s) > before })
}
