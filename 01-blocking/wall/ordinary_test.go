//go:build !race

package wall_test

// The runtime's own limit, and as many clients.
const (
	mostThreads = 0
	crowdSize   = 10_000
)
