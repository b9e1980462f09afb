//go:build amd64 && !race

// Frames differ from one architecture to the next, and the race detector's calls need stack of their own.

package main

import (
	"testing"

	"example.com/c10k/02-selectors/poll"
)

// mostStacks is what the two coroutines of a client may keep, in bytes: the smallest stack there is, twice,
// and what is not theirs (the runtime's own, and what its spans leave unused), divided among a few thousand.
const mostStacks = 2 * 2200

// Server and clients keep the stacks that a coroutine begins with, both of them.
func TestStacksStaySmall(t *testing.T) {
	const clients = 4000
	r, err := onMachine(options{clients: clients, poller: poll.Names()[0]}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.clients < clients {
		t.Skipf("%d clients are too few to see what each takes: raise ulimit -n to %d", r.clients, 2*clients+spare)
	}
	if each := int(r.stacks) / r.clients; each > mostStacks {
		t.Errorf("a client and its connection in the server keep %d bytes of stack, more than %d", each, mostStacks)
	}
}
