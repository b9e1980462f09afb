package usage

import (
	"os"
	"runtime"
	"testing"
)

// What is opened, begun and taken is counted, and when it is given back it is not any more.
func TestOfSelf(t *testing.T) {
	const files, goroutines, memory = 50, 70, 32 << 20
	before := OfSelf()
	var open []*os.File
	for range files {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, f)
	}
	end := make(chan bool)
	for range goroutines {
		go func() { <-end }()
	}
	block := make([]byte, memory)
	during := OfSelf()
	runtime.KeepAlive(block)
	if runtime.GOOS == "linux" {
		if got := during.Descriptors - before.Descriptors; got != files {
			t.Errorf("%d files were opened, and %d counted", files, got)
		}
	}
	if got := during.Goroutines - before.Goroutines; got != goroutines {
		t.Errorf("%d goroutines were begun, and %d counted", goroutines, got)
	}
	if got := during.Memory - before.Memory; got < memory/2 || got > 2*memory {
		t.Errorf("%d bytes were taken, and %d counted", memory, got)
	}
	for _, f := range open {
		f.Close()
	}
	close(end)
	if after := OfSelf(); after.Descriptors != before.Descriptors {
		t.Errorf("%d descriptors before, %d after", before.Descriptors, after.Descriptors)
	}
}
