package prefork

import (
	"net"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// What Config.Listener warns of: a child inherits the file of a net.Listener, and the listener of the parent
// is blocking from then on, because the mode is the open file's. If this fails, Go has changed, and the warning
// can go.
func TestAFileOfPackageNetMakesTheListenerBlocking(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	blocking := func() (is bool) {
		raw, _ := listener.(*net.TCPListener).SyscallConn()
		raw.Control(func(fd uintptr) {
			flags, _ := unix.FcntlInt(fd, unix.F_GETFL, 0)
			is = flags&unix.O_NONBLOCK == 0
		})
		return is
	}
	if blocking() {
		t.Fatal("package net listens in blocking mode: then nothing can be shown")
	}
	//> file-of-net
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	child := exec.Command("true") // it does nothing with what it inherits
	child.ExtraFiles = []*os.File{file}
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if !blocking() {
		t.Error("the listener is as it was: Go hands files over in another way now")
	}
	//< file-of-net
}
