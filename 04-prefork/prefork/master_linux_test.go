package prefork

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waitUntilGone waits for the end of processes that are not our children: a pidfd is readable then.
func waitUntilGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err == unix.ESRCH {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(ready, int(patience/time.Millisecond)); n != 1 {
			t.Errorf("worker process %d outlives its master: %v", pid, err)
		}
		unix.Close(fd)
	}
}

func TestMasterIsKilled(t *testing.T) {
	master, address, pids := masterAlone(t, 3)
	if _, _, err := whoAnswers(address); err != nil {
		t.Fatal(err)
	}
	master.Kill()
	master.Wait()
	waitUntilGone(t, pids)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the port is still in use: %v", err)
	}
	l.Close()
}
