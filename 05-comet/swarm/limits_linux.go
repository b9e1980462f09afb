package swarm

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"example.com/c10k/05-comet/usage"
)

// MachineLimits reads what this machine allows a load against the server at addr. What cannot be read is
// unknown and limits nothing: the system call that fails will say so.
func MachineLimits(addr netip.Addr) Limits {
	limits := Limits{Descriptors: ownDescriptors(), Sources: 1}
	if addr.Is4() && addr.IsLoopback() { // all of 127.0.0.0/8 is this machine, without configuration (ip(7))
		limits.Sources = MaxSources
	}
	var low, high int
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range") // for IPv6 too (ip(7))
	if n, _ := fmt.Sscan(string(text), &low, &high); n == 2 && low <= high {
		limits.Ports = high - low + 1
	}
	text, _ = os.ReadFile("/proc/meminfo")
	limits.Memory = kilobytes(string(text), "MemAvailable:") << 10
	return limits
}

// ServerDescriptors is how many clients the server's processes have descriptors for, 0 if that cannot be
// known. A process with children is a master, and leaves the clients to them.
func ServerDescriptors(pid int) int {
	if pid == 0 {
		return 0
	}
	family := usage.Tree(pid)
	if len(family) > 1 {
		family = family[1:]
	}
	clients := 0
	for _, p := range family {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p))
		_, rest, found := strings.Cut(string(text), "Max open files")
		soft, err := strconv.Atoi(firstField(rest))
		if !found || err != nil {
			return 0
		}
		clients += max(soft-ServerReserve, 1)
	}
	return clients
}

func ownDescriptors() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<30)) // "unlimited" is 1<<64-1
}

// kilobytes finds "name   123 kB" in a file of /proc.
func kilobytes(text, name string) int64 {
	_, rest, _ := strings.Cut("\n"+text, "\n"+name)
	n, _ := strconv.ParseInt(firstField(rest), 10, 64)
	return n
}

func firstField(text string) string {
	fields := strings.Fields(text[:min(len(text), 100)])
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}
