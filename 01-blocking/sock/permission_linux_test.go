package sock

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// An ordinary user may not listen below port 1024, and is told what to do. Root may: then one thread
// becomes nobody, as on Linux it is threads that have a user.
func TestListenPermission(t *testing.T) {
	if start, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err == nil && strings.TrimSpace(string(start)) == "0" {
		t.Skip("this system lets every user listen at every port : sysctl net.ipv4.ip_unprivileged_port_start=1024 forbids it")
	}
	answer := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine, nobody else meets it
		const nobody = 65534
		if os.Geteuid() == 0 {
			if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
				answer <- errno
				return
			}
		}
		l, _, err := ListenNonBlocking("127.0.0.1:1", Options{})
		if err == nil {
			l.Close()
		}
		answer <- err
	}()
	err := <-answer
	if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "choose a port above 1023") {
		t.Errorf("%v: want ErrDenied and advice", err)
	}
}
