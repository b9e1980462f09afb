package poll

import "math"

// Most is how many descriptors a backend can watch, their numbers counted from 0: select's sets are bit
// fields of FD_SETSIZE (1,024) bits, the others end where the process's descriptors end.
func Most(name string) int {
	if name == "select" {
		return SelectLimit
	}
	return math.MaxInt
}
