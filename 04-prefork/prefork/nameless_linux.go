package prefork

import "golang.org/x/sys/unix"

// namelessFile is a file in memory (memfd_create(2)) that a program executed from here on inherits.
func namelessFile() (int, error) { return unix.MemfdCreate("c10k-state", 0) }
