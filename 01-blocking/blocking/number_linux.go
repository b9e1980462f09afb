package blocking

import "golang.org/x/sys/unix"

// threadNumber is the kernel's number of the calling thread (gettid(2)).
func threadNumber() int { return unix.Gettid() }
