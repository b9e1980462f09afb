package specimens

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/01-blocking/sock"
)

// Root may set SO_DEBUG, so a thread of root's becomes nobody first: on Linux it is threads that have a user
// and capabilities, setresuid(2) as a raw call changes one of them only.
func TestDebugOption(t *testing.T) {
	passive, repaired := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine, nobody else meets it
		const nobody = 65534
		if os.Geteuid() == 0 {
			if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
				passive <- errno
				repaired <- errno
				return
			}
		}
		s, _, err := New("hasty", "127.0.0.1:0", Options{Passive: true})
		if err == nil {
			s.close()
		}
		passive <- err
		l, _, err := sock.ListenNonBlocking("127.0.0.1:0", sock.Options{})
		if err == nil {
			l.Close()
		}
		repaired <- err
	}()
	if err := <-passive; err == nil || err.Error() != "setsockopt(SOL_SOCKET, AI_PASSIVE, 1), which is SO_DEBUG: permission denied: leave the option out" {
		t.Errorf("an ordinary user gets %v", err)
	}
	if err := <-repaired; err != nil {
		t.Errorf("an ordinary user cannot listen at all: %v", err)
	}
}
