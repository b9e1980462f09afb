package main

import (
	"encoding/json"
	"fmt"
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
const parkedMemory = 3500

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

// A client of /events costs a little more: its question, and what was needed to look for an answer. Before that
// was done aside (strand.Aside) its stack was twice as large.
const listeningMemory = 4200

func TestWhatAClientOfEventsCosts(t *testing.T) {
	const n = 2000
	s := startServer(t, "-workers", "1")
	s.publish("news", "first")
	s.with(func(c *crowd) {
		var head struct{ Epoch, Next uint64 }
		if err := json.Unmarshal([]byte(c.get("/events?topic=news")), &head); err != nil {
			t.Error(err)
		}
		path, answered := fmt.Sprintf("/events?topic=news&since=%d-%d", head.Epoch, head.Next), 0
		listen := func(n int) {
			for range n {
				c.scheduler.Go("client", func() {
					if c.get(path) != "" {
						answered++
					}
					c.changed.Wake()
				})
			}
		}
		listening := func(n int) func() bool {
			return func() bool {
				return strings.Contains(c.get("/metrics"), fmt.Sprintf("comet_listening{worker=\"worker-1\"} %d\n", n))
			}
		}
		listen(100)
		c.await("100 clients listen", listening(100))
		before, _ := usage.Of(s.pid)
		listen(n)
		c.await("all clients listen", listening(100+n))
		after, err := usage.Of(s.pid)
		if err != nil || after.MemoryUnknown != nil {
			t.Error(err, after.MemoryUnknown)
		}
		each := (after.Memory - before.Memory) / n
		t.Logf("a client that listens costs %d bytes", each)
		if each > listeningMemory {
			t.Errorf("%d clients that listen cost %d bytes each, more than %d", n, each, listeningMemory)
		}
		s.publish("news", "second")
		c.await("all clients are answered", func() bool { return answered == 100+n })
	})
}
