package measure

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// processor is the first model that /proc/cpuinfo names. Not every architecture's has a name there: ARM has the
// number of its maker.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for _, wanted := range []string{"model name", "CPU implementer"} {
		for line := range strings.Lines(string(text)) {
			if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == wanted {
				return strings.TrimSpace(value)
			}
		}
	}
	return unknown
}

// memory is the machine's, in bytes.
func memory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}

// loadAverage is of the last minute, in tasks that run or wait for the disk (proc(5)).
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
