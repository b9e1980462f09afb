package system_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"net/netip"

	"example.com/c10k/02-selectors/poll"
	"example.com/c10k/03-coroutines/coro"
	"example.com/c10k/03-coroutines/system"
)

func TestBlockingThingsAreDoneOffTheLoop(t *testing.T) {
	poller, err := poll.New(poll.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := system.New(poller)
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.End()
	s := coro.New(kernel, coro.Options{})
	file := filepath.Join(t.TempDir(), "letter")
	if err := os.WriteFile(file, []byte("dear reader"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(func() {
		content, err := system.ReadFile(s, file)
		if string(content) != "dear reader" || err != nil {
			t.Errorf("ReadFile: %q, %v", content, err)
		}
		if _, err := system.ReadFile(s, file+".gone"); !os.IsNotExist(err) {
			t.Errorf("a file that is not there: %v", err)
		}
		found, err := system.LookupHost(s, "localhost")
		loopback := func(a netip.Addr) bool { return a.IsLoopback() }
		if !slices.ContainsFunc(found, loopback) || err != nil {
			t.Errorf("localhost is %v, %v", found, err)
		}
		if _, err := system.LookupHost(s, "not a host name"); err == nil {
			t.Error("what is no name has an address")
		}
	}); err != nil {
		t.Error(err)
	}
	if _, err := system.ReadFile(s, file); err != coro.ErrOutside {
		t.Errorf("outside a coroutine: %v", err)
	}
}
