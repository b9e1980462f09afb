package coro

import (
	"fmt"
	"strings"
	"time"
)

// A Task is a coroutine as people see it.
type Task struct {
	Name string
	Why  string        // what it waits for
	For  time.Duration // and how long it has
}

// Tasks lists all coroutines, the oldest first.
func (s *Scheduler) Tasks() []Task {
	var list []Task
	for c := s.tasks; c != nil; c = c.older {
		list = append(list, Task{c.name, c.why.String(), s.elapsed - c.since})
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// A Deadlock is what Run returns when everybody waits for somebody: nothing is ready, no time will come,
// no descriptor is waited for, and no other goroutine has said that it will Post.
type Deadlock struct{ Tasks []Task }

// Error lists who waits for what, for people who have to find out why.
func (d *Deadlock) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "coro: deadlock: %d coroutines wait, and nothing can wake them:", len(d.Tasks))
	for _, t := range d.Tasks {
		fmt.Fprintf(&text, "\n\t%s has waited for %s for %v", t.Name, t.Why, t.For)
	}
	return text.String()
}

func (s *Scheduler) deadlock() error { return &Deadlock{s.Tasks()} }
