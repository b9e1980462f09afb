//go:build darwin || freebsd

package main

import "golang.org/x/sys/unix"

// lookFurther asks sysctl (sysctl(3)).
func lookFurther(m *machine) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		m.descriptors = int(min(limit.Cur, 1<<30))
	}
	first, err1 := unix.SysctlUint32("net.inet.ip.portrange.first")
	last, err2 := unix.SysctlUint32("net.inet.ip.portrange.last")
	if err1 == nil && err2 == nil && last > first {
		m.ports = int(last-first) + 1
	}
	for _, name := range []string{"kern.ipc.somaxconn", "kern.ipc.soacceptqueue"} { // the second is FreeBSD's
		if n, err := unix.SysctlUint32(name); err == nil {
			m.backlog = int(n)
		}
	}
	if n, err := unix.SysctlUint32("kern.num_taskthreads"); err == nil { // of one process, macOS
		m.threads = int(n)
	}
	for _, name := range []string{"hw.memsize", "hw.physmem"} { // macOS; FreeBSD
		if n, err := unix.SysctlUint64(name); err == nil {
			m.memory = int64(n)
			break
		}
	}
}
