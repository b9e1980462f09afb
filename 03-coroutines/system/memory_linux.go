package system

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// InMemory asks the page cache (cachestat(2), Linux 6.5). An older kernel does not know, and a newer one tells
// only who may write to the file, because what others have read lately is nobody's business (mm/filemap.c,
// can_do_cachestat): then it is not certain, and false.
func (k *Kernel) InMemory(file io.ReaderAt, offset, n int64) (all bool) {
	conn, ok := file.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	page := int64(os.Getpagesize())
	wanted := (offset+n+page-1)/page - offset/page
	raw.Control(func(fd uintptr) {
		var seen unix.Cachestat_t
		err := unix.Cachestat(uint(fd), &unix.CachestatRange{Off: uint64(offset), Len: uint64(n)}, &seen, 0)
		all = err == nil && int64(seen.Cache) >= wanted
	})
	return all
}
