package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is published to one worker is told by all, in one order; the answer is everything after the cursor.
func TestEventsAcrossWorkers(t *testing.T) {
	s := startServer(t, "-workers", "3", "-wait", "300ms")
	start := s.since("a", 0, 0)
	if len(start.Events) > 0 || start.Next != 0 || start.Reset || start.More {
		t.Errorf("without a cursor: %+v", start)
	}
	var want []string
	for i := range 30 {
		text := fmt.Sprintf("number %d, with \"quotes\", é and\ntwo lines", i)
		topic := []string{"a", "b", "c"}[i%3]
		if id := s.publish(topic, text); id != uint64(i+1) {
			t.Errorf("message %d has number %d", i, id)
		}
		if topic != "c" {
			want = append(want, text)
		}
	}
	for range 10 {
		if a := s.since("a&topic=b", start.Epoch, 0); a.Next != 30 || a.Reset || a.More || !cmp.Equal(want, a.data()) {
			t.Errorf("everything: %+v", a)
		}
		if a := s.since("a&topic=b", start.Epoch, 27); a.Next != 30 || len(a.Events) != 2 || a.Events[0].ID != 28 || a.Events[0].Topic != "a" {
			t.Errorf("the rest: %+v", a)
		}
		if a := s.since("a", start.Epoch, 30); a.Next != 30 || len(a.Events) > 0 || a.Reset {
			t.Errorf("nothing: %+v", a) // when the time was over
		}
		if a := s.since("a", start.Epoch+1, 30); !a.Reset || len(a.Events) != 10 || a.Epoch != start.Epoch {
			t.Errorf("of another epoch: %+v", a)
		}
		if a := s.since("a", start.Epoch, 31); !a.Reset || len(a.Events) != 10 || a.Next != 30 {
			t.Errorf("from the future: %+v", a)
		}
	}
}

// A stream has the same events, with ids from which it goes on after an interruption.
func TestStreams(t *testing.T) {
	s := startServer(t, "-workers", "2")
	epoch := s.since("a", 0, 0).Epoch
	one, two := s.stream("/stream?topic=a"), s.stream("/stream?topic=a&topic=b")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := one.Header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, stream := range []*stream{one, two} {
		if b := stream.block(); !strings.HasPrefix(b, "retry: ") {
			t.Errorf("it begins with %q", b)
		}
		if b, want := stream.block(), fmt.Sprintf("id: %d-0", epoch); b != want {
			t.Errorf("then comes %q, want %q", b, want)
		}
	}
	s.publish("a", "hello")
	s.publish("b", "one\ntwo\r\nthree\rfour\n")
	s.publish("a", "")
	for _, want := range []string{"id: E-1|data: hello", "id: E-3|data: "} {
		if got := one.block(); got != strings.ReplaceAll(want, "E", fmt.Sprint(epoch)) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	later := s.stream("/stream?topic=a&topic=b", fmt.Sprintf("Last-Event-ID: %d-1", epoch))
	later.block() // retry
	for i, want := range []string{"event: a|id: E-1|data: hello", "event: b|id: E-2|data: one|data: two|data: three|data: four|data: ", "event: a|id: E-3|data: "} {
		want = strings.ReplaceAll(want, "E", fmt.Sprint(epoch))
		if got := two.block(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if i > 0 {
			if got := later.block(); got != want {
				t.Errorf("with Last-Event-ID got %q, want %q", got, want)
			}
		}
	}
	for _, id := range []string{"another-server's", fmt.Sprint(epoch+1, "-1")} {
		other := s.stream("/stream?topic=b", "Last-Event-ID: "+id)
		other.block()
		if got, want := other.block(), fmt.Sprintf("event: comet:reset|id: %d-0|data: ", epoch); got != want {
			t.Errorf("after %s: %q, want %q", id, got, want)
		}
		if got := other.block(); !strings.HasPrefix(got, fmt.Sprintf("id: %d-2|", epoch)) {
			t.Errorf("after the reset: %q", got)
		}
	}
}

// A stream lives until its time is over, and shows that it does.
func TestAStreamEndsInTime(t *testing.T) {
	s := startServer(t, "-workers", "1", "-heartbeat", "100ms", "-stream-age", "1s")
	stream := s.stream("/stream?topic=a")
	comments := 0
	for stream.lines.Scan() {
		if strings.HasPrefix(stream.lines.Text(), ":") {
			comments++
		}
	}
	if err := stream.lines.Err(); err != nil {
		t.Errorf("it did not end in order: %v", err)
	}
	if comments < 3 {
		t.Errorf("%d signs of life", comments)
	}
}

// A client that goes is discounted, wherever it waits, and of what the processes hold as well.
func TestWhoLeavesIsDiscounted(t *testing.T) {
	s := startServer(t, "-workers", "2")
	epoch := s.since("a", 0, 0).Epoch
	const clients, closing = 60, 3 // the questions before may still be closing their connections
	before := s.stats()
	if m := before.Master; runtime.GOOS == "linux" && m.Descriptors < 5 || m.Goroutines < 2 || m.Memory < 1<<20 {
		t.Errorf("the master says that it holds %+v", m) // three standard streams, the listener, and a link to each worker
	}
	var all []*connection
	for i := range clients {
		c := s.connect()
		all = append(all, c)
		switch i % 3 {
		case 0:
			c.get(fmt.Sprintf("/events?topic=t%d&since=%d-0", i, epoch))
		case 1:
			c.get("/stream?topic=a")
		case 2:
			c.get("/wait")
		}
	}
	s.await("all wait", func() bool {
		c := s.stats()
		return c.Listening == 40 && c.Streams == 20 && c.Waiting == 20
	})
	was, is := before.held(), s.stats().held()
	if more := is.Goroutines - was.Goroutines; more < clients-closing {
		t.Errorf("%d clients came, and %d goroutines", clients, more)
	}
	if more := is.Descriptors - was.Descriptors; runtime.GOOS == "linux" && (more < clients-closing || more > clients+closing) {
		t.Errorf("%d clients came, and %d descriptors", clients, more)
	}
	for _, c := range all {
		c.Close()
	}
	s.await("all have left", func() bool {
		c := s.stats()
		return c.Listening+c.Streams+c.Waiting == 0 && c.held().Descriptors <= was.Descriptors
	})
}

// A client that takes nothing is closed when the time to write is over; what waits for it is bounded, and
// others are not kept waiting.
func TestASlowReaderIsClosed(t *testing.T) {
	s := startServer(t, "-workers", "1", "-write-timeout", "500ms")
	epoch := s.since("a", 0, 0).Epoch
	slow := s.connect()
	slow.get(fmt.Sprintf("/stream?topic=a&since=%d-0", epoch))
	quick := s.stream(fmt.Sprintf("/stream?topic=a&since=%d-0", epoch))
	quick.lines.Buffer(nil, 1<<20)
	quick.block()
	text := strings.Repeat("x", 64<<10)
	slowly := func() uint64 { return s.stats().Workers[0].Slow }
	published := uint64(0)
	s.await("the slow one is closed", func() bool {
		if published < 200 { // 13 MB are more than two sockets hold
			published = s.publish("a", text)
			if b := quick.block(); !strings.HasPrefix(b, fmt.Sprintf("id: %d-%d|", epoch, published)) {
				t.Fatalf("after %d messages the quick one gets %.50q", published, b)
			}
			return false
		}
		return slowly() == 1
	})
	if c := s.stats(); c.Streams != 1 {
		t.Errorf("%d streams are open", c.Streams)
	}
}
