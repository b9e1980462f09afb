//go:build !linux

package system

import "io"

// InMemory knows no way to ask these systems.
func (k *Kernel) InMemory(io.ReaderAt, int64, int64) bool { return false }
