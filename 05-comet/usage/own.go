package usage

import (
	"runtime"
	"runtime/metrics"
)

// Own is what this process holds at this moment, as it knows itself: cheap enough to be asked several times a
// second with ten thousand connections open.
type Own struct {
	Descriptors int   `json:"descriptors"` // open; 0 where the system does not tell
	Goroutines  int   `json:"goroutines"`  // a coroutine is one too: iter.Pull makes it of a goroutine
	Memory      int64 `json:"memory"`      // bytes that the Go runtime has of the system, less what it gave back; not the program's text
}

// The runtime's own account (runtime/metrics, Supported Metrics).
const (
	memoryTaken    = "/memory/classes/total:bytes"
	memoryReleased = "/memory/classes/heap/released:bytes"
)

// OfSelf reads what this process holds.
func OfSelf() Own {
	memory := []metrics.Sample{{Name: memoryTaken}, {Name: memoryReleased}}
	metrics.Read(memory)
	return Own{
		Descriptors: ownDescriptors(),
		Goroutines:  runtime.NumGoroutine(),
		Memory:      int64(memory[0].Value.Uint64() - memory[1].Value.Uint64()),
	}
}
