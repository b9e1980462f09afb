//go:build darwin || freebsd

package swarm

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// MachineLimits reads what this machine allows a load. Here 127.0.0.1 is the only loopback address that
// needs no configuration, so one source and its ports are the limit.
func MachineLimits(netip.Addr) Limits {
	limits := Limits{Sources: 1}
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		limits.Descriptors = int(min(uint64(files.Cur), 1<<30))
	}
	low, errLow := unix.SysctlUint32("net.inet.ip.portrange.first")
	high, errHigh := unix.SysctlUint32("net.inet.ip.portrange.last")
	if errLow == nil && errHigh == nil && low <= high {
		limits.Ports = int(high-low) + 1
	}
	return limits
}

// ServerDescriptors is unknown here: the limits of another process cannot be read.
func ServerDescriptors(int) int { return 0 }
