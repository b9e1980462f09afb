//go:build darwin || freebsd

package main

import "golang.org/x/sys/unix"

func processor() string {
	for _, name := range []string{"machdep.cpu.brand_string", "hw.model"} { // macOS, FreeBSD
		if text, err := unix.Sysctl(name); err == nil {
			return text
		}
	}
	return ""
}

func memory() int64 {
	for _, name := range []string{"hw.memsize", "hw.physmem"} { // macOS, FreeBSD
		if n, err := unix.SysctlUint64(name); err == nil {
			return int64(n)
		}
	}
	return 0
}

func backlogLimit() int {
	n, _ := unix.SysctlUint32("kern.ipc.somaxconn")
	return int(n)
}

// loadAverage is not read here: the system gives it as a structure of its own.
func loadAverage() string { return "" }
