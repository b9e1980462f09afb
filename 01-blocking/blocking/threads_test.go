package blocking_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/c10k/01-blocking/blocking"
	"example.com/c10k/01-blocking/strand"
	"example.com/c10k/01-blocking/strand/modeltest"
)

// A counted model knows when all its strands have ended.
type counted struct {
	*blocking.Threads
	strands sync.WaitGroup
}

func (c *counted) Go(name string, fn func()) {
	c.strands.Add(1)
	c.Threads.Go(name, func() { defer c.strands.Done(); fn() })
}

func TestModel(t *testing.T) {
	for name, unlocked := range map[string]bool{"threads": false, "goroutines": true} {
		t.Run(name, func(t *testing.T) {
			modeltest.Test(t, func(t *testing.T, main func(strand.Model)) {
				m := &counted{Threads: &blocking.Threads{Unlocked: unlocked}}
				m.Go("main", func() { main(m) })
				m.strands.Wait()
			})
		})
	}
}

// Two hundred waiters are two hundred threads, which is what the name promises; unlocked they are not.
func TestThreadsAreThreads(t *testing.T) {
	const waiters = 200
	count := func() int {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Skip("threads are counted in /proc/self/status, which this system does not have: run this on Linux")
		}
		_, rest, _ := strings.Cut(string(status), "\nThreads:\t")
		n := 0
		for _, digit := range strings.SplitN(rest, "\n", 2)[0] {
			n = 10*n + int(digit-'0')
		}
		return n
	}
	parked := func(unlocked bool) int {
		m := &counted{Threads: &blocking.Threads{Unlocked: unlocked}}
		arrived := strand.NewChan[bool](m, waiters)
		release := strand.NewChan[bool](m, 0)
		for range waiters {
			m.Go("waiter", func() { arrived.Send(true); release.Recv() })
		}
		for range waiters {
			if _, err := arrived.RecvUntil(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		n := count()
		release.Close()
		m.strands.Wait()
		return n
	}
	if n := parked(true); n > waiters/2 {
		t.Errorf("%d unlocked waiters are %d threads", waiters, n)
	}
	if n := parked(false); n < waiters {
		t.Errorf("%d locked waiters are %d threads", waiters, n)
	}
}
