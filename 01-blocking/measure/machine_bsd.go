//go:build darwin || freebsd

package measure

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Where the two systems keep the processor's name and the machine's memory (sysctl(3)).
var names = map[string][2]string{
	"darwin":  {"machdep.cpu.brand_string", "hw.memsize"},
	"freebsd": {"hw.model", "hw.physmem"},
}[runtime.GOOS]

func processor() string {
	name, err := unix.Sysctl(names[0])
	if err != nil {
		return unknown
	}
	return name
}

// memory is the machine's, in bytes.
func memory() int64 {
	bytes, err := unix.SysctlUint64(names[1])
	if err != nil {
		return 0
	}
	return int64(bytes)
}

// loadAverage is not read here: the system gives it as a structure of its own.
func loadAverage() string { return "" }
