package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/command"
	"example.com/c10k/01-blocking/sock"
)

// The reference is what all others are divided by. It is measured twice in each round, under two names: a
// difference between them is noise.
var reference = []subject{
	{name: "floor", command: "{bench} -server floor -app {app} -addr {addr}"},
	{name: "floor-again", command: "{bench} -server floor -app {app} -addr {addr}"},
}

// Where each request has its own connection there is a lower floor: with TCP_DEFER_ACCEPT, which coroutines,
// prefork and comet use, the request is there when its connection is accepted.
var deferred = []subject{
	{name: "floor-deferred", command: "{bench} -server floor -defer-accept -app {app} -addr {addr}", in: "hello-close,hello-ab"},
}

// A floor is the least that a server in Go can do for a request: one epoll loop, raw system calls, no
// parsing. It looks at nothing but what it must: where requests end, whether the connection shall be closed,
// and, for comet, the first letter of the path. It takes for granted that what it reads are whole requests,
// and that what it writes finds room; our load and wrk write each batch at once, and on loopback both hold.
// Do not serve anybody else with it.
type floor struct {
	*control
	epoll, listener int
	parked          []int  // descriptors of those who wait
	in              []byte // read into
	hello           []byte // as many answers as one write may need
	one             int    // the length of one of them
}

var (
	headEnd  = []byte("\r\n\r\n")
	closing  = []byte("Connection: close\r\n")
	greeting = "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
)

const (
	floorRead   = 64 << 10 // bytes asked for in one read(2): more than any batch of requests here
	floorEvents = 256      // asked for in one epoll_wait(2)
)

func (c *control) floor() error {
	listener, at, err := sock.ListenNonBlocking(c.addr, sock.Options{DeferAccept: c.deferAccept})
	if err != nil {
		return err
	}
	f := &floor{control: c, listener: int(listener), in: make([]byte, floorRead)}
	date := time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") // once and for all: the floor asks no clock
	answer := fmt.Appendf(nil, greeting, date)
	f.one, f.hello = len(answer), bytes.Repeat(answer, floorRead/len(answer))
	if f.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err == nil {
		err = f.watch(f.listener)
	}
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-told
		os.Exit(0)
	}()
	command.Listening(at)
	f.loop()
	return nil
}

func (f *floor) watch(fd int) error {
	return unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// loop looks first, which the Go scheduler need not know of, and waits only if nothing is there.
func (f *floor) loop() {
	events := make([]unix.EpollEvent, floorEvents)
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(f.epoll), uintptr(unsafe.Pointer(&events[0])), floorEvents, 0, 0, 0)
		if errno != 0 || n == 0 {
			waited, err := unix.EpollWait(f.epoll, events, -1)
			if err != nil {
				continue // EINTR: a signal
			}
			n = uintptr(waited)
		}
		for _, e := range events[:n] {
			if fd := int(e.Fd); fd == f.listener {
				f.accept()
			} else {
				f.receive(fd)
			}
		}
	}
}

func (f *floor) accept() {
	for {
		fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(f.listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		if errno != 0 {
			return
		}
		if f.deferAccept && !f.receive(int(fd)) {
			continue // answered and closed: epoll has not heard of it
		}
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(f.epoll), unix.EPOLL_CTL_ADD, fd, uintptr(unsafe.Pointer(&event)), 0, 0)
	}
}

// receive reads what a client sent, or that it went away, and says whether the connection is still open.
func (f *floor) receive(fd int) (open bool) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&f.in[0])), floorRead)
	switch {
	case errno == unix.EAGAIN: // accepted before its first bytes, which the kernel may do after all
		return true
	case errno != 0 || n == 0:
		f.leave(fd)
		return false
	}
	return f.serve(fd, f.in[:n])
}

// serve answers what was read, which is whole requests.
func (f *floor) serve(fd int, b []byte) (open bool) {
	f.work()
	if f.app == "comet" {
		f.comet(fd, b)
		return true
	}
	f.write(fd, f.hello[:f.one*bytes.Count(b, headEnd)])
	if bytes.Contains(b, closing) {
		f.close(fd)
		return false
	}
	return true
}

// comet knows its paths by their first letter.
func (f *floor) comet(fd int, b []byte) {
	path := bytes.IndexByte(b, '/') + 1
	if path < len(b) && b[path] == 'w' {
		f.parked = append(f.parked, fd)
		return
	}
	body := fmt.Append(nil, len(f.parked))
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if path < len(b) && b[path] == 'n' {
		for _, waiter := range f.parked {
			f.write(waiter, answer)
			f.close(waiter)
		}
		f.parked = f.parked[:0]
	}
	f.write(fd, answer)
}

// leave forgets a client that went away, also if it was parked.
func (f *floor) leave(fd int) {
	f.parked = slices.DeleteFunc(f.parked, func(waiter int) bool { return waiter == fd })
	f.close(fd)
}

func (f *floor) write(fd int, b []byte) {
	if len(b) > 0 {
		syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	}
}

func (f *floor) close(fd int) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }
