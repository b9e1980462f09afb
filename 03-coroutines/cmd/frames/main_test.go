package main

import (
	"strings"
	"testing"

	"example.com/c10k/01-blocking/conform"
)

// The way down is there from its first function to its last, and it fits.
func TestTheWayDownFitsIntoTheFirstStack(t *testing.T) {
	program := conform.Build(t, "example.com/c10k/03-coroutines/cmd/coroutines")
	frames, err := inspect([]string{program, "-addr", "127.0.0.1:0", "-app", "comet"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	sum := 0
	for _, f := range frames {
		names = append(names, f.function)
		if sum += f.size; f.size <= 0 {
			t.Errorf("%s takes %d bytes", f.function, f.size)
		}
	}
	way := strings.Join(names, " ")
	for _, function := range []string{"coro.(*Scheduler).park", "strand.(*Chan[...]).wait", "app.(*Comet).wait", "serve.Connection", "coro.(*coroutine).work"} {
		_, rest, found := strings.Cut(way, function)
		if !found {
			t.Fatalf("%s is not on the way, or not in this place: %q", function, names)
		}
		way = rest
	}
	if sum > first {
		t.Errorf("%d bytes are in use, more than %d", sum, first)
	}
}

func TestWhatIsNoReportIsSaid(t *testing.T) {
	if _, err := parse("SIGABRT: abort\n\ngoroutine 1 [running]:\nmain.main()\n"); err == nil {
		t.Error("a report without a waiting client is no error")
	}
	if _, err := inspect(nil); err == nil {
		t.Error("no command is no error")
	}
}
