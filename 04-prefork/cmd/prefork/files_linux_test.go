package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// forget has the kernel forget what it holds of a file in memory (posix_fadvise(2)).
func forget(t *testing.T, name string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.Sync() // what is not written yet cannot be forgotten
	if err := unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}

// A client that leaves in the middle of a file leaves nothing behind, neither its connection nor the file; and
// those who stay are served.
func TestAClientThatLeavesInTheMiddleOfAFile(t *testing.T) {
	root, content := directory(t, 12<<20)
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) {
			address, process, _ := serve(t, "-workers", "1", "-engine", engine, "-app", "files", "-root", root, "-defer-accept=false")
			worker := children(t, process.Process.Pid)[0]
			before := -1
			for round := range 3 {
				for range 10 {
					forget(t, filepath.Join(root, "numbers.txt")) // so that it is sent off the loop, at first
					conn, answers := dial(t, address)
					io.WriteString(conn, fetch+"\r\n")
					if _, err := answers.ReadByte(); err != nil {
						t.Fatal(err)
					}
					conn.Close()
				}
				conn, answers := dial(t, address)
				io.WriteString(conn, fetch+"Connection: close\r\n\r\n")
				if body, _ := io.ReadAll(answer(t, answers).Body); !bytes.Equal(body, content) {
					t.Errorf("who stays gets %d bytes of %d", len(body), len(content))
				}
				conn.Close()
				if round == 0 {
					settled(t, worker, func(n int) bool { before = n; return true })
					continue
				}
				settled(t, worker, func(n int) bool { return n <= before+10 })
			}
			settled(t, worker, func(n int) bool { return n <= before })
		})
	}
}

// A large file is sent without being in the server's memory: what the process has needed at most hardly grows
// while 128 MiB go through it, once from the beginning and once from the middle.
func TestALargeFileIsNotHeldInMemory(t *testing.T) {
	const size, growth = 128 << 20, 32 << 20 // the growth is the program's own, after its first requests
	root := t.TempDir()
	file, err := os.Create(filepath.Join(root, "numbers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil { // a hole, which needs no disk
		t.Fatal(err)
	}
	for _, engine := range []string{"threads", "coroutines"} {
		t.Run(engine, func(t *testing.T) {
			address, process, _ := serve(t, "-workers", "1", "-engine", engine, "-app", "files", "-root", root)
			worker := children(t, process.Process.Pid)[0]
			conn, answers := dial(t, address)
			io.WriteString(conn, fetch+"Range: bytes=-100000\r\n\r\n")
			answer(t, answers)
			before := mostMemory(t, worker)
			for want, part := range map[int64]string{size: "", size / 2: fmt.Sprintf("Range: bytes=%d-\r\n", size/2)} {
				io.WriteString(conn, fetch+part+"\r\n")
				a, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, a.Body); n != want || err != nil {
					t.Fatalf("%d bytes of %d came, %v", n, want, err)
				}
			}
			if after := mostMemory(t, worker); after > before+growth {
				t.Errorf("the worker has needed %d MiB, and %d before: the file is %d MiB", after>>20, before>>20, size>>20)
			}
		})
	}
}

// mostMemory is the most that a process has had in memory so far, in bytes (VmHWM of proc_pid_status(5)).
func mostMemory(t *testing.T, pid int) (bytes int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil || !found {
		t.Fatalf("no VmHWM of process %d: %v", pid, err)
	}
	return bytes << 10
}

// settled waits until the number of descriptors of a process is right.
func settled(t *testing.T, pid int, right func(n int) bool) {
	t.Helper()
	for began := time.Now(); ; {
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			t.Fatal(err)
		}
		if right(len(open)) {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("%d descriptors are left", len(open))
		}
	}
}
