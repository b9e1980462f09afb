//go:build darwin || freebsd

package main

// chooseCores pins nobody: on this system a process cannot be put on a processor, or not in the same way.
func chooseCores() cores {
	return cores{note: "server and load wherever the system puts them, as bench pins processes on Linux only"}
}

func (c cores) onServerCore(start func() error) error { return start() }
