package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lookFurther reads what Linux tells in /proc and /sys (proc(5), cgroups(7)).
func lookFurther(m *machine) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		m.descriptors = int(min(limit.Cur, 1<<30))
	}
	var low, high int
	if n, _ := fmt.Sscan(read("/proc/sys/net/ipv4/ip_local_port_range"), &low, &high); n == 2 {
		m.ports = high - low + 1
	}
	m.sources = 254 // all of 127.0.0.0/8 is this machine; a swarm uses a few of it
	m.backlog = whole("/proc/sys/net/core/somaxconn")
	m.threads = whole("/proc/sys/kernel/threads-max")
	if unix.Getrlimit(unix.RLIMIT_NPROC, &limit) == nil && limit.Cur < uint64(m.threads) {
		m.threads = int(limit.Cur)
	}
	for _, name := range []string{"/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"} {
		if n := whole(name); n > 0 {
			m.threads = min(m.threads, n)
		}
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.memory = int64(uint64(info.Totalram) * uint64(info.Unit))
	}
	if n := whole("/sys/fs/cgroup/memory.max"); n > 0 {
		m.memory = min(m.memory, int64(n))
	}
}

func read(name string) string {
	text, _ := os.ReadFile(name) // what is not there is not known
	return strings.TrimSpace(string(text))
}

// whole reads a number; 0 where there is none ("max").
func whole(name string) int {
	n, _ := strconv.Atoi(read(name))
	return n
}
