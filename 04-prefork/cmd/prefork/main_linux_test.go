package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// children returns the process numbers of a process's children.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			t.Skipf("this kernel does not list child processes (CONFIG_PROC_CHILDREN): %v", err)
		}
		for field := range strings.FieldsSeq(string(list)) {
			var child int
			fmt.Sscan(field, &child)
			pids = append(pids, child)
		}
	}
	return pids
}

// suspend stops a process and returns when it stands still, in all its threads.
func suspend(t *testing.T, pid int) {
	t.Helper()
	syscall.Kill(pid, syscall.SIGSTOP)
	for began := time.Now(); ; {
		still := true
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", pid, task.Name()))
			_, state, _ := bytes.Cut(stat, []byte(") "))
			still = still && bytes.HasPrefix(state, []byte("T"))
		}
		if still && len(tasks) > 0 {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("process %d does not stand still", pid)
		}
	}
}

func resume(pid int) { syscall.Kill(pid, syscall.SIGCONT) }

// ask sends one request on a connection of its own and returns the body of the answer.
func ask(t *testing.T, address, path string) string {
	t.Helper()
	conn, answers := dial(t, address)
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: c10k\r\nConnection: close\r\n\r\n", path)
	body, _ := io.ReadAll(answer(t, answers).Body)
	return string(body)
}

// The wall of this stage. The handler runs unchanged in two processes, and each has a list of waiters of
// its own: who asks one of them does not hear of the other's, and a notify does not reach them. With one
// worker the same handler passes conform's comet group.
func TestWallCometIsWrongInTwoProcesses(t *testing.T) {
	address, process, _ := serve(t, "-workers", "2", "-app", "comet")
	workers := children(t, process.Process.Pid)
	if len(workers) != 2 {
		t.Fatalf("the workers are %v", workers)
	}
	for _, pid := range workers {
		t.Cleanup(func() { resume(pid) }) // before the server is told to stop
	}

	suspend(t, workers[0]) // so that everything reaches the other one
	waiter, waits := dial(t, address)
	io.WriteString(waiter, "GET /wait HTTP/1.1\r\nHost: c10k\r\n\r\n")
	for began := time.Now(); ask(t, address, "/") != "1"; {
		if time.Since(began) > patience {
			t.Fatal("the waiter is not counted where it waits")
		}
	}
	suspend(t, workers[1])
	resume(workers[0])
	if n := ask(t, address, "/"); n != "0" {
		t.Errorf("the other worker counts %s waiters: they share a list, and this stage has no wall", n)
	}
	if n := ask(t, address, "/notify"); n != "0" {
		t.Errorf("the other worker's notify reached %s", n)
	}
	suspend(t, workers[0])
	resume(workers[1])
	if n := ask(t, address, "/"); n != "1" {
		t.Errorf("after the notify %s wait where one did", n)
	}
	if n := ask(t, address, "/notify"); n != "1" {
		t.Errorf("the right worker's notify reached %s", n)
	}
	if body, _ := io.ReadAll(answer(t, waits).Body); string(body) != "1" {
		t.Errorf("the waiter was told %q", body)
	}
}
