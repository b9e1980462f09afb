package prefork

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// masterAlone starts a master in a process of its own, and returns its address and its workers' process
// numbers.
func masterAlone(t *testing.T, workers int) (master *os.Process, address string, pids []int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	master, err = os.StartProcess("/proc/self/exe", []string{"master"}, &os.ProcAttr{
		Env:   append(os.Environ(), fmt.Sprintf("%s=%d", masterVariable, workers), roleVariable+"=serve"),
		Files: []*os.File{nil, w, os.Stderr},
	})
	w.Close()
	if err != nil {
		t.Skipf("the master's program is started as /proc/self/exe: %v", err)
	}
	t.Cleanup(func() { master.Kill(); master.Wait() })
	r.SetReadDeadline(time.Now().Add(patience))
	line := make([]byte, 200)
	n, err := r.Read(line)
	if err != nil {
		t.Fatalf("the master said nothing: %v", err)
	}
	fields := strings.Fields(string(line[:n]))
	for _, field := range fields[1:] {
		var pid int
		fmt.Sscan(field, &pid)
		pids = append(pids, pid)
	}
	if len(pids) != workers {
		t.Fatalf("the master said %q", line[:n])
	}
	return master, fields[0], pids
}

func TestMasterIsTerminated(t *testing.T) {
	master, address, pids := masterAlone(t, 2)
	if _, pid, err := whoAnswers(address); err != nil || !slices.Contains(pids, pid) {
		t.Errorf("process %d answers, the workers are %v: %v", pid, pids, err)
	}
	master.Signal(syscall.SIGTERM)
	state, err := master.Wait()
	if err != nil || state.ExitCode() != 0 {
		t.Errorf("%v, %v", state, err)
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("worker process %d is left: %v", pid, err)
		}
	}
}

func TestInterruptAtTheTerminalReachesTheMasterOnly(t *testing.T) {
	_, _, pids := masterAlone(t, 2)
	for _, pid := range pids {
		group, err := unix.Getpgid(pid)
		if err != nil || group != pid {
			t.Errorf("worker process %d is in group %d, want one of its own: %v", pid, group, err)
		}
	}
}

// A master becomes another program twice, with its number, its listener and its workers; nobody is refused.
func TestMasterIsUpgraded(t *testing.T) {
	master, address, pids := masterAlone(t, 2)
	for upgrade := range 2 {
		master.Signal(unix.SIGUSR2)
		for began := time.Now(); ; {
			name, pid, err := whoAnswers(address)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(pids, pid) && (name == fmt.Sprintf("worker-%d", 3+2*upgrade) || name == fmt.Sprintf("worker-%d", 4+2*upgrade)) {
				break
			}
			if time.Since(began) > patience {
				t.Fatalf("after upgrade %d %s answers", upgrade+1, name)
			}
		}
	}
	master.Signal(syscall.SIGTERM)
	state, err := master.Wait()
	if err != nil || state.ExitCode() != 0 {
		t.Errorf("%v, %v", state, err)
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("worker process %d is left: %v", pid, err)
		}
	}
}

// A stop in the middle of an upgrade is a stop, whatever moment it meets. There is one in which it is not a
// graceful one, and says so by the exit status. HUP and USR2 never do harm.
func TestMasterIsTerminatedWhileItIsUpgraded(t *testing.T) {
	for delay := range 15 {
		master, _, _ := masterAlone(t, 1)
		master.Signal(unix.SIGUSR2)
		for began := time.Now(); time.Since(began) < time.Duration(delay)*2*time.Millisecond; {
			// A pause that meets another moment each time: nobody tells from outside which it is.
		}
		master.Signal(unix.SIGHUP)
		master.Signal(unix.SIGUSR2)
		master.Signal(unix.SIGTERM)
		lost := time.AfterFunc(patience, func() { master.Kill() })
		state, err := master.Wait()
		lost.Stop()
		if err != nil {
			t.Fatal(err)
		}
		if how := state.Sys().(syscall.WaitStatus); how.Signaled() && how.Signal() == unix.SIGTERM {
			t.Logf("%d ms after SIGUSR2 a stop met the moment in which it is not graceful", 2*delay)
		} else if state.ExitCode() != 0 {
			t.Errorf("%d ms after SIGUSR2: %v", 2*delay, state)
		}
	}
}
