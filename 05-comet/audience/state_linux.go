package audience

import (
	"fmt"
	"os"

	"example.com/c10k/05-comet/usage"
)

// stateOf counts what the process and its descendants hold. One that ends meanwhile holds nothing.
func stateOf(pid int, u usage.Usage) State {
	s := State{Memory: u.Memory, Processes: u.Processes}
	for _, p := range usage.Tree(pid) {
		threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", p))
		descriptors, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p))
		s.Threads += len(threads)
		s.Descriptors += len(descriptors)
	}
	return s
}
