//go:build race

package wall_test

// The race detector carries 8,128 goroutines and no more, so here the runtime is told to give up earlier
// (debug.SetMaxThreads); it gives up in the same way.
const (
	mostThreads = 1_000
	crowdSize   = 1_000
)
