package prefork

import (
	"os"
	"testing"
)

func TestAStateIsReadBack(t *testing.T) {
	for _, version := range []int{Version, Version + 1} {
		fd, err := (&state{Version: version, Last: 7}).write()
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(fd), "state")
		defer file.Close()
		if s, err := readState(file); (err == nil) != (version == Version) || err == nil && s.Last != 7 {
			t.Errorf("a state of version %d, read by version %d: %+v, %v", version, Version, s, err)
		}
	}
}
