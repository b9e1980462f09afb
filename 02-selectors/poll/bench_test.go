package poll_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"example.com/c10k/02-selectors/poll"
)

// What each verb costs, on every backend: a Wait that finds one of fifty descriptors ready, as busy servers do;
// a Set that says what was said before, which no backend takes to the kernel; and one that changes something,
// which epoll and kqueue do. How a Wait grows with the idle ones is the command waitcost's.
func BenchmarkPoller(b *testing.B) {
	for _, name := range poll.Names() {
		p, err := poll.New(name)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		const watched = 50
		var mine, theirs int
		for range watched {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				b.Fatal(err)
			}
			mine, theirs = ends[0], ends[1]
			defer unix.Close(mine)
			defer unix.Close(theirs)
			if err := p.Set(mine, Read); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := unix.Write(theirs, []byte{1}); err != nil {
			b.Fatal(err)
		}
		b.Run("wait/"+name, func(b *testing.B) {
			events := make([]poll.Event, watched)
			b.ReportAllocs()
			for b.Loop() {
				if n, err := p.Wait(events, -1); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
		for what, other := range map[string]poll.Interest{"same": Read, "change": Read | Write} {
			b.Run(what+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for want := Read; b.Loop(); want ^= Read ^ other {
					if err := p.Set(mine, want); err != nil {
						b.Fatal(err)
					}
				}
				p.Set(mine, Read)
			})
		}
	}
}
