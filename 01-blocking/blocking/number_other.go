//go:build !linux

package blocking

// threadNumber is known on Linux only.
func threadNumber() int { return 0 }
