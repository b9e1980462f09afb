package main

import (
	"regexp"
	"strings"
	"testing"

	"example.com/c10k/05-comet/usage"
)

// collection is what the runtime says of one (GODEBUG=gctrace=1).
var collection = regexp.MustCompile(`^gc \d+ @`)

// collections are those that the log tells of, but for those that a program asked for.
func (s *server) collections() (seen []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, line := range s.lines {
		if collection.MatchString(line) && !strings.HasSuffix(line, "(forced)") {
			seen = append(seen, line)
		}
	}
	return seen
}

// What a client that waits may cost, in bytes of all the server's processes, as bench measures it.
const parkedMemory = 3700

// A crowd arrives, large enough for Go's first collection, at 4 MB. There is none, and nobody pays for that with
// memory.
func TestACrowdArrivesWithoutACollection(t *testing.T) {
	const n = 4000
	t.Setenv("GODEBUG", "gctrace=1")
	s := startServer(t, "-workers", "1")
	s.with(func(c *crowd) {
		c.park(100) // the ways are trodden, and a worker has had its first collection: of its slack
		collections := s.collections()
		before, err := usage.Of(s.pid)
		if err != nil {
			t.Error(err)
		}
		if before.Memory > slack {
			t.Errorf("with 100 clients the server has %d bytes of memory: the slack is more than addresses", before.Memory)
		}
		c.park(n)
		after, err := usage.Of(s.pid)
		if err != nil || after.MemoryUnknown != nil {
			t.Error(err, after.MemoryUnknown)
		}
		each := (after.Memory - before.Memory) / n
		t.Logf("a client that waits costs %d bytes", each)
		if each > parkedMemory {
			t.Errorf("%d clients that wait cost %d bytes each, more than %d", n, each, parkedMemory)
		}
		if now := s.collections(); len(now) > len(collections) {
			t.Errorf("while %d clients arrived: %s", n, now[len(collections):])
		}
		c.get("/notify")
		c.emptied()
	})
}
