package conform

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// A case that says one connection and opens two would hang on a server that serves one at a time: it is
// told so where it is written.
func TestACaseKeepsToItsConnections(t *testing.T) {
	s := &specimen{app: "hello"}
	target, err := Target{URL: s.start(t)}.complete()
	if err != nil {
		t.Fatal(err)
	}
	greedy := Case{Connections: 1, Run: func(t *T) {
		t.Dial().Close()
		t.Dial()
		t.Dial()
	}}
	defer func() {
		if r := recover(); !strings.Contains(fmt.Sprint(r), "correct the case") {
			t.Errorf("two connections at once: %v", r)
		}
	}()
	target.play(greedy)
}

// What a case leaves open is closed when it ends, well or badly.
func TestACaseLeavesNothingOpen(t *testing.T) {
	for _, fails := range []bool{false, true} {
		here, there := net.Pipe()
		c := Case{Connections: 1, Run: func(t *T) {
			t.Dial()
			if fails {
				t.Fail("this", "that %d", 1)
			}
		}}
		f := c.play(&T{dial: func() (net.Conn, error) { return here, nil }})
		if (f != nil) != fails || fails && f.Got != "that 1" {
			t.Errorf("fails %v: %+v", fails, f)
		}
		there.SetReadDeadline(time.Now().Add(DefaultPatience.Wait))
		if _, err := there.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection was left open: %v", err)
		}
	}
}

func TestTranscript(t *testing.T) {
	var said transcript
	said.add(1, "sends", []byte("a"))
	said.add(1, "sends", []byte("b")) // goes on
	for range 5 {
		said.add(2, "sends", []byte("ask"))
		said.add(2, "receives", []byte(strings.Repeat("x", rememberedBytes+3)))
	}
	said.add(1, "closes the connection", nil)
	want := []string{
		`client 1 sends "ab"`,
		`client 2 sends "ask" (5 times)`,
		`client 2 receives "` + strings.Repeat("x", rememberedBytes) + `" and 3 bytes more (5 times)`,
		"client 1 closes the connection",
	}
	if got := said.last(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for i := range 100 {
		said.add(i, "sends", nil)
	}
	if got := said.last(); len(got) != rememberedLines || got[len(got)-1] != "client 99 sends" {
		t.Errorf("after many: %q", got)
	}
}
