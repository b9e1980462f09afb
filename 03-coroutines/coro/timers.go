package coro

import (
	"container/heap"
	"slices"
	"time"
)

// timers are the coroutines that wait with an end, the earliest first: a heap with at most one entry for
// each coroutine.
//
// Servers move deadlines with every request and almost never meet one. So a deadline that becomes later,
// or goes away, touches only a field of its coroutine; the entry stays where it is, and when its time
// comes it is looked at and put where it now belongs.
type timers []*coroutine

// set makes sure that c is looked at when its deadline comes.
func (t *timers) set(c *coroutine) {
	switch {
	case c.index == none:
		c.at = c.deadline
		heap.Push(t, c)
	case c.deadline < c.at:
		c.at = c.deadline
		heap.Fix(t, int(c.index))
	}
}

// since is t as timers and deadlines count: the zero time is 0, which is never, and what lies before the
// scheduler's start is 1. It is not inlined, because its callers wait with their frames on the stack.
//
//go:noinline
func (s *Scheduler) since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(1, t.Sub(s.started))
}

// over tells whether a deadline has passed. The clock is that of the turn.
func (s *Scheduler) over(deadline time.Duration) bool { return deadline != 0 && deadline <= s.elapsed }

// move gives the wait under way, if c is in one, another deadline.
func (s *Scheduler) move(c *coroutine, deadline time.Duration) {
	if c == nil || c.state != parked {
		return
	}
	if c.deadline = deadline; deadline != 0 {
		s.timers.set(c)
	}
}

// first is when to look next.
func (t timers) first() (at time.Duration, some bool) {
	if len(t) == 0 {
		return 0, false
	}
	return t[0].at, true
}

// expire calls late for every coroutine whose deadline is over.
func (t *timers) expire(now time.Duration, late func(*coroutine)) {
	for len(*t) > 0 && (*t)[0].at <= now {
		switch c := (*t)[0]; {
		case c.deadline == 0: // the wait is over, or has no end any more
			t.remove(c)
		case c.deadline > now: // it was moved
			c.at = c.deadline
			heap.Fix(t, 0)
		default:
			t.remove(c)
			late(c)
		}
	}
}

func (t *timers) remove(c *coroutine) {
	if c.index != none {
		heap.Remove(t, int(c.index))
	}
}

// The five methods of heap.Interface.

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = int32(i), int32(j)
}

// Push makes a heap that is full twice as long. append would add a quarter each time; of all the arrays on the
// way to ten thousand entries four fifths would be garbage, and it is not looked for while they arrive.
func (t *timers) Push(c any) {
	if len(*t) == cap(*t) {
		*t = slices.Grow(*t, len(*t)+1)
	}
	c.(*coroutine).index = int32(len(*t))
	*t = append(*t, c.(*coroutine))
}
func (t *timers) Pop() any {
	last := len(*t) - 1
	c := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	c.index = none
	return c
}
