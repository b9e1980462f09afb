package wall

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// size is how many threads a process has and how many bytes of its memory are resident (proc_pid_status(5)).
// 0 is not known: the process is gone.
func size(pid int) (threads int, resident int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		n, _ := strconv.ParseInt(fields[0], 10, 64)
		switch name {
		case "Threads":
			threads = int(n)
		case "VmRSS":
			resident = n << 10 // it is given in kB
		}
	}
	return threads, resident
}
