package hub

import (
	"slices"

	"example.com/c10k/01-blocking/strand"
)

// A waiter is a strand that waits, in one list or in none.
type waiter struct {
	place   strand.Waiter
	group   *group // that it is in, or was in
	index   int    // in group.waiters; aside: it is not there
	n       int    // what Wait is told
	outcome outcome
}

const aside = -1

// An outcome is why a wait ended.
type outcome uint8

const (
	none     outcome = iota // it has not
	notified                // there is something
	expired                 // the time was over
	left                    // the client went away, or the server stops at once
	drained                 // the server is about to stop
)

// A group is a list of waiters that are woken together: those who asked for the same topics, or those in
// Wait. Their order is nobody's business.
type group struct {
	topics  Topics
	waiters []*waiter
	members []int // where it is in the list of each of its topics
}

// A member is a group in the list of one of its topics.
type member struct {
	group *group
	which int // of the group's topics
}

// join adds a new waiter to a list. It is a function of its own to keep the frames of those who wait
// small: of the ten thousand who do, each has them on its stack.
//
// A list that is full becomes twice as long. append would add a quarter, and what the lists before it held,
// altogether four times as much, is garbage that lies around until the next collection.
func (h *Hub) join(g *group, place strand.Waiter) *waiter {
	w := &waiter{place: place, group: g, index: len(g.waiters)}
	if len(g.waiters) == cap(g.waiters) {
		g.waiters = slices.Grow(g.waiters, len(g.waiters)+1)
	}
	g.waiters = append(g.waiters, w)
	h.counters.Begun++
	return w
}

// unpark ends a wait. It is the only way out of one, and who comes first decides: it returns false to all
// others, and changes nothing for them. The strand itself is woken by the caller, if it is not the caller.
func (h *Hub) unpark(w *waiter, why outcome) bool {
	if w.outcome != none {
		return false
	}
	w.outcome = why
	h.counters.Ended.add(why)
	h.remove(w)
	return true
}

// remove takes a waiter out of its list. What was last comes into its place.
func (h *Hub) remove(w *waiter) {
	if w.index == aside {
		return
	}
	g := w.group
	last := len(g.waiters) - 1
	g.waiters[w.index] = g.waiters[last]
	g.waiters[w.index].index = w.index
	g.waiters[last] = nil
	g.waiters = g.waiters[:last]
	w.index = aside
	h.tidy(g)
}

// unparkAll ends the wait of everybody in a list, and has them woken. The list is taken first: who comes
// back while they are being woken is in the next one.
func (h *Hub) unparkAll(g *group, why outcome) {
	taken := h.setAside(g)
	for _, w := range taken {
		h.unpark(w, why)
	}
	h.wake(taken)
}

func (h *Hub) setAside(g *group) []*waiter {
	taken := g.waiters
	g.waiters = nil
	for _, w := range taken {
		w.index = aside
	}
	h.tidy(g)
	return taken
}

// tidy forgets a group of topics for which nobody waits any more.
func (h *Hub) tidy(g *group) {
	if len(g.waiters) > 0 || h.groups[string(g.topics)] != g {
		return
	}
	delete(h.groups, string(g.topics))
	for which, name := range g.topics.Names() {
		list := h.byTopic[name]
		last := len(list) - 1
		moved, to := list[last], g.members[which]
		list[to], moved.group.members[moved.which] = moved, to
		list[last] = member{}
		if h.byTopic[name] = list[:last]; last == 0 {
			delete(h.byTopic, name)
		}
	}
}

// groupOf is the list of those who ask for the same topics.
func (h *Hub) groupOf(topics Topics) *group {
	g := h.groups[string(topics)]
	if g == nil {
		g = &group{topics: topics}
		h.groups[string(topics)] = g
		for which, name := range topics.Names() {
			g.members = append(g.members, len(h.byTopic[name]))
			h.byTopic[name] = append(h.byTopic[name], member{g, which})
		}
	}
	return g
}

// tell wakes everybody who asks for a topic.
func (h *Hub) tell(topic string) {
	for list := h.byTopic[topic]; len(list) > 0; list = h.byTopic[topic] {
		h.unparkAll(list[len(list)-1].group, notified) // and with its waiters the group is gone
	}
}
