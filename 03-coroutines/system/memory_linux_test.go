package system_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/system"
)

// What was read a moment ago is in memory; what the kernel was told to forget is not. An old kernel cannot
// tell, and must not be taken to say yes.
func TestInMemory(t *testing.T) {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	k, err := system.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	defer k.End()
	const size = 1<<20 + 5
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := unix.Cachestat(uint(file.Fd()), &unix.CachestatRange{Len: 1}, &unix.Cachestat_t{}, 0) == nil
	for _, part := range [][2]int64{{0, size}, {0, 1}, {4095, 2}, {size - 1, 1}} {
		if got := k.InMemory(file, part[0], part[1]); got != known {
			t.Errorf("just written: %d bytes from %d: %v, and the kernel knows: %v", part[1], part[0], got, known)
		}
	}
	if k.InMemory(file, 0, 2*size) {
		t.Error("bytes behind the end are in memory")
	}
	if k.InMemory(strings.NewReader("no file"), 0, 1) {
		t.Error("of what is no file the kernel knows nothing")
	}
	if err := file.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
	var memory unix.Statfs_t
	if unix.Statfs(name, &memory) == nil && memory.Type == unix.TMPFS_MAGIC {
		return // this file system is memory, and forgets nothing
	}
	if k.InMemory(file, 0, size) {
		t.Error("in memory after the kernel was told to forget it")
	}
}
