package loop

import "time"

// timers know which connection's time is over first. They are a binary heap, and lazy: nearly every
// time-out is moved to later before it is over, with each request, and that is done by changing the
// connection's due alone. The heap is put right when the old time comes. So a request costs the heap
// nothing, and an idle connection one look a minute.
type timers struct{ heap []timer }

// A timer says when to look at a connection: at its due, or before.
type timer struct {
	at         time.Duration
	connection *connection
}

// noTimer is the place in the heap of a connection that is not in it.
const noTimer = -1

// set takes note of c.due.
func (t *timers) set(c *connection) {
	switch {
	case c.timer != noTimer:
		if i := int(c.timer); c.due != 0 && c.due < t.heap[i].at {
			t.heap[i].at = c.due
			t.up(i)
		}
	case c.due != 0:
		t.heap = append(t.heap, timer{c.due, c})
		t.up(len(t.heap) - 1)
	}
}

// remove forgets c.
func (t *timers) remove(c *connection) {
	if c.timer == noTimer {
		return
	}
	i, last := int(c.timer), len(t.heap)-1
	c.timer = noTimer
	moved := t.heap[last]
	t.heap[last] = timer{}
	t.heap = t.heap[:last]
	if i == last {
		return
	}
	t.heap[i] = moved
	t.up(i)
	t.down(int(moved.connection.timer))
}

// first is when to look next; 0: never.
func (t *timers) first() time.Duration {
	if len(t.heap) == 0 {
		return 0
	}
	return t.heap[0].at
}

// due takes out a connection whose time is over; nil if there is none.
func (t *timers) due(now time.Duration) *connection {
	for len(t.heap) > 0 && t.heap[0].at <= now {
		c := t.heap[0].connection
		switch {
		case c.due == 0:
			t.remove(c)
		case c.due > now:
			t.heap[0].at = c.due
			t.down(0)
		default:
			t.remove(c)
			return c
		}
	}
	return nil
}

// up moves the timer at i towards the top, past all that are later.
func (t *timers) up(i int) {
	moving := t.heap[i]
	for i > 0 {
		parent := (i - 1) / 2
		if t.heap[parent].at <= moving.at {
			break
		}
		t.put(i, t.heap[parent])
		i = parent
	}
	t.put(i, moving)
}

// down moves the timer at i away from the top, past all that are earlier.
func (t *timers) down(i int) {
	moving := t.heap[i]
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			break
		}
		if child+1 < len(t.heap) && t.heap[child+1].at < t.heap[child].at {
			child++
		}
		if moving.at <= t.heap[child].at {
			break
		}
		t.put(i, t.heap[child])
		i = child
	}
	t.put(i, moving)
}

func (t *timers) put(i int, moved timer) {
	t.heap[i] = moved
	moved.connection.timer = int32(i)
}
