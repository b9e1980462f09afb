package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
