//go:build darwin || freebsd

package main

import "golang.org/x/sys/unix"

// backlogLimit is where the kernel cuts every backlog; 0 if unknown.
func backlogLimit() int {
	n, _ := unix.SysctlUint32("kern.ipc.somaxconn")
	return int(n)
}
